"""Simulated samples: one water molecule each, with its emission, absorption and photoemission."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import UsageError
from xmodkit.pair import Option, Options, Sample
from xmodkit_xes.simulator.geometries import SAMPLINGS, Sampling, geometries, internal
from xmodkit_xes.simulator.spectra import ENERGIES_EV, NotConvergedError, Sticks, curves, sticks

__all__ = ["SIMULATE_OPTIONS", "VERSION", "simulate"]

Floats = NDArray[np.float64]

VERSION = "1"

_DATA = "O K-edge spectra of water from DFT (PBE/aug-cc-pVDZ)"

# Hot enough for a set that spreads as wide as structures do; or the molecule as it is.
_DEFAULT_K: Mapping[str, float] = {"boltzmann": 5000.0, "wigner": 300.0}
_ATTEMPTS = 20  # at geometries, each of which converges all but always

SIMULATE_OPTIONS = (
    Option("system", "What is simulated.", default="h2o", commands=("simulate",), choices=("h2o",)),
    Option(
        "temperature",
        "Temperature of geometries in K; 5000 by default, 300 with --sampling wigner.",
        "float",
        commands=("simulate",),
    ),
    Option(
        "sampling",
        "Geometries as classical atoms take them, or as the quantum harmonic ones do.",
        default="boltzmann",
        commands=("simulate",),
        choices=tuple(SAMPLINGS),
    ),
)


def simulate(n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
    """Yield samples `start` to `start + n - 1` of a seed; sample i depends on (seed, i) alone.

    Each holds `structure` (O, H, H; O absorbs) and the curves `xes`, `xas` and `xps` (100,) of a
    density functional calculation, with bonds (angstrom) and angle (degrees) as metadata.
    Options: `system` (h2o), `temperature` in K, `sampling` (boltzmann or wigner).

    Raise `UsageError` for options that cannot mean anything, `MissingExtraError` without PySCF.
    """
    for name, value in (("n", n), ("seed", seed), ("start", start)):
        if value < 0:
            raise UsageError(f"{name} is {value}; give 0 or more")
    if (system := options.get("system") or "h2o") != "h2o":
        raise UsageError(f"system {system!r} given, h2o expected")
    sampling: Sampling = options.get("sampling") or "boltzmann"
    if sampling not in SAMPLINGS:
        raise UsageError(f"sampling {sampling!r} given, one of {', '.join(SAMPLINGS)} expected")
    given = options.get("temperature")
    temperature = _DEFAULT_K[sampling] if given is None else float(given)
    geometries(np.random.default_rng(), temperature, sampling)  # refuses a temperature at once
    return (_sample(seed, index, temperature, sampling) for index in range(start, start + n))


def _sample(seed: int, index: int, temperature: float, sampling: Sampling) -> Sample:
    rng = np.random.default_rng(np.random.SeedSequence((seed, index)))
    positions, lines = _calculated(geometries(rng, temperature, sampling))
    r1, r2, angle = internal(positions.astype(np.float64))
    structure = {
        "numbers": np.array([8, 1, 1], np.int32),
        "positions": positions,
        "cell": np.zeros((3, 3), np.float32),
        "sites": np.zeros(1, np.int32),
    }
    name = f"h2o-{seed}-{index:06d}"
    return Sample(
        name,
        {"structure": structure, **{kind: {kind: c} for kind, c in curves(lines).items()}},
        source="simulated water",
        ordinal=index,
        metadata={
            "absorber": "O",
            "simulated": True,
            "simulator_version": VERSION,
            "data": f"{_DATA}, {sampling} geometries at {temperature:g} K",
            "licence": "none: made by the user's own run",
            "r1": round(float(r1), 5),
            "r2": round(float(r2), 5),
            "angle_deg": round(float(np.degrees(angle)), 4),
            "o1s_be_eV": round(lines.o1s_be_ev, 5),
            "etot_ha": round(lines.total_ha, 8),
        },
        groups={"unit": name, "structure": name, "system": "H-O"},
        coordinates={
            f"{kind}_energy": tuple(map(float, grid)) for kind, grid in ENERGIES_EV.items()
        },
    )


def _calculated(drawn: Iterator[Floats]) -> tuple[NDArray[np.float32], Sticks]:
    """Return the first geometry that converges, as stored, and its lines."""
    for geometry in islice(drawn, _ATTEMPTS):
        positions = geometry.astype(np.float32)
        try:
            return positions, sticks(positions)
        except NotConvergedError:
            continue
    raise NotConvergedError(f"no self-consistent field for any of {_ATTEMPTS} geometries")
