"""Geometries of a water molecule at a temperature: classical (Boltzmann) or quantum (Wigner)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import UsageError

__all__ = [
    "COLDEST_K",
    "HOTTEST_K",
    "SAMPLINGS",
    "Sampling",
    "geometries",
    "internal",
    "placed",
    "potential",
    "wavenumbers",
]

Floats = NDArray[np.float64]
Sampling = Literal["boltzmann", "wigner"]
Draw = Callable[[np.random.Generator, float], Floats]

COLDEST_K, HOTTEST_K = 50.0, 8000.0

# The minimum of PBE/aug-cc-pVDZ (A, rad), and the energy above it in eV: a polynomial in
# y_i = 1 - exp(-STIFFNESS (r_i - BOND)) and c = cos(angle) - cos(ANGLE), symmetric in the bonds.
# Fitted to 5,994 energies (0.71-1.50 A, 51-171 degrees, up to 4.3 eV): rms 0.7 meV below 0.5 eV
# and 5.5 meV in all.
BOND, ANGLE, STIFFNESS = 0.9732, float(np.radians(103.83)), 1.8
_TERMS: Mapping[tuple[int, int, int], float] = {  # by the powers of y_1, y_2 and c
    (0, 0, 1): -0.0011,
    (0, 0, 2): 2.1760,
    (0, 0, 3): 0.3049,
    (0, 0, 4): 0.8232,
    (1, 0, 0): 0.0053,
    (1, 0, 1): -1.6955,
    (1, 0, 2): -0.9292,
    (1, 0, 3): -1.7844,
    (1, 1, 0): -0.2266,
    (1, 1, 1): 1.1156,
    (1, 1, 2): 0.6595,
    (2, 0, 0): 15.0854,
    (2, 0, 1): -0.6168,
    (2, 0, 2): -0.7927,
    (2, 1, 0): -0.2813,
    (2, 1, 1): 0.5375,
    (2, 2, 0): 0.0313,
    (3, 0, 0): -4.3436,
    (3, 0, 1): 0.4229,
    (3, 1, 0): -0.1317,
    (4, 0, 0): 1.9072,
}
# Where that holds: what is drawn beyond is drawn again.
_SHORTEST, _LONGEST, _SHARPEST = 0.70, 1.60, float(np.radians(45.0))
_ROOM = 1.2  # above the largest density on a grid, which misses the peak
_NOTHING = 1e-7  # of the largest density

_BOLTZMANN_EV = 8.617333262e-5  # per K; these four are CODATA 2018
_HBAR_EV_S, _LIGHT_CM_S = 6.582119569e-16, 2.99792458e10
_EV_PER_U_A2 = 1.602176634e-19 / (1.66053906660e-27 * 1e-20)  # in 1/s^2
_MASSES = np.repeat([15.999, 1.008, 1.008], 3)  # u
_STEP_A = 1e-3  # of second differences
_DRAWS = 256  # at once


def geometries(
    rng: np.random.Generator, temperature: float, sampling: Sampling
) -> Iterator[Floats]:
    """Yield positions (3, xyz) of O, H, H in angstrom, O at the origin, randomly turned.

    `boltzmann` is the classical distribution exp(-V/kT) over Cartesian positions, exact by
    rejection, of the fitted potential. (The volume of the internal coordinates r1^2 r2^2
    sin(angle) belongs to it.) `wigner` draws from the Wigner function of the harmonic normal
    modes at that temperature, Gaussians of variance hbar/(2 omega) coth(hbar omega / 2 kT) in
    mass-weighted coordinates (Zobel, Nogueira and Gonzalez 2019), zero-point motion included.

    `temperature` is in K. Raise `UsageError` for one outside 50 to 8000.
    """
    if not COLDEST_K <= temperature <= HOTTEST_K:
        raise UsageError(
            f"{temperature:g} K given, {COLDEST_K:g} to {HOTTEST_K:g} expected: the potential "
            "holds up to there"
        )
    return _turned(rng, temperature, SAMPLINGS[sampling])


def _turned(rng: np.random.Generator, temperature: float, draw: Draw) -> Iterator[Floats]:
    while True:
        positions = draw(rng, temperature)
        yield (positions - positions[0]) @ _rotation(rng).T


def potential(r1: Floats, r2: Floats, angle: Floats) -> Floats:
    """Return the energy in eV above the minimum of bonds in angstrom and an angle in radians."""
    y1, y2 = (1 - np.exp(-STIFFNESS * (r - BOND)) for r in (r1, r2))
    c = np.cos(angle) - np.cos(ANGLE)
    terms = (
        factor * (y1**i * y2**j + y1**j * y2**i) / 2 * c**k for (i, j, k), factor in _TERMS.items()
    )
    return np.asarray(sum(terms))


def internal(positions: Floats) -> tuple[Floats, Floats, Floats]:
    """Return both bonds (...,) and the angle (...,) in radians of positions (..., 3, xyz)."""
    first, second = (positions[..., i, :] - positions[..., 0, :] for i in (1, 2))
    r1, r2 = (np.linalg.norm(bond, axis=-1) for bond in (first, second))
    cosine = (first * second).sum(axis=-1) / (r1 * r2)
    return r1, r2, np.arccos(np.clip(cosine, -1.0, 1.0))


def wavenumbers() -> Floats:
    """Return the three harmonic wavenumbers of the fitted potential in 1/cm, rising."""
    return _modes()[0] / (2 * np.pi * _LIGHT_CM_S)


def _boltzmann(rng: np.random.Generator, temperature: float) -> Floats:
    """Draw by rejection from a box, uniform in both bonds and in the cosine of the angle."""
    low, high, ceiling = _box(temperature)
    while True:
        r1, r2, cosine, height = rng.uniform((*low, 0.0), (*high, ceiling), (_DRAWS, 4)).T
        angle = np.arccos(cosine)
        kept = np.flatnonzero(height < _density(r1, r2, angle, temperature))
        if kept.size:
            first = kept[0]
            return placed(r1[first], r2[first], angle[first])


def _density(r1: Floats, r2: Floats, angle: Floats, temperature: float) -> Floats:
    """Return r1^2 r2^2 exp(-V/kT), the density over bonds and cosine of the angle."""
    thermal = np.exp(-potential(r1, r2, angle) / (_BOLTZMANN_EV * temperature))
    return np.asarray((r1 * r2) ** 2 * thermal)


@cache
def _box(temperature: float) -> tuple[Floats, Floats, float]:
    """Return where the density is not nothing (two bonds and cosine), and what it stays below."""
    r = np.linspace(_SHORTEST, _LONGEST, 91)
    cosine = np.linspace(-1.0, np.cos(_SHARPEST), 91)
    axes = np.meshgrid(r, r, cosine, indexing="ij")
    density = _density(axes[0], axes[1], np.arccos(axes[2]), temperature)
    most = max(float(density.max()), BOND**4)
    somewhere = density > _NOTHING * most
    steps = np.array([r[1] - r[0], r[1] - r[0], cosine[1] - cosine[0]])
    low = np.array([axis[somewhere].min() for axis in axes]) - steps
    high = np.array([axis[somewhere].max() for axis in axes]) + steps
    ends = np.array([_SHORTEST, _SHORTEST, -1.0]), np.array([r[-1], r[-1], cosine[-1]])
    return np.maximum(low, ends[0]), np.minimum(high, ends[1]), _ROOM * most


def _wigner(rng: np.random.Generator, temperature: float) -> Floats:
    """Draw normal coordinates, again where the potential does not hold."""
    omega, modes = _modes()
    thermal = np.tanh(_HBAR_EV_S * omega / (2 * _BOLTZMANN_EV * temperature))
    variance = _HBAR_EV_S * _EV_PER_U_A2 / (2 * omega * thermal)  # u A^2
    while True:
        shift = modes @ (rng.normal(size=3) * np.sqrt(variance)) / np.sqrt(_MASSES)
        positions: Floats = _minimum() + shift.reshape(3, 3)
        r1, r2, angle = internal(positions)
        if min(r1, r2) > _SHORTEST and max(r1, r2) < _LONGEST and angle > _SHARPEST:
            return positions


SAMPLINGS: Mapping[str, Draw] = {"boltzmann": _boltzmann, "wigner": _wigner}


@cache
def _modes() -> tuple[Floats, Floats]:
    """Return angular frequencies (3,) in rad/s and mass-weighted normal modes (9, 3)."""
    one = _STEP_A * np.eye(9).reshape(9, 1, 3, 3)
    other = one.reshape(1, 9, 3, 3)

    def energy(shifts: Floats) -> Floats:
        return potential(*internal(_minimum() + shifts))

    mixed = energy(one + other) + energy(-one - other) - energy(one - other) - energy(other - one)
    hessian = mixed / (4 * _STEP_A**2)
    values, vectors = np.linalg.eigh(hessian / np.sqrt(np.outer(_MASSES, _MASSES)))
    # The other six are translations and rotations.
    return np.sqrt(values[-3:] * _EV_PER_U_A2), vectors[:, -3:]


def _minimum() -> Floats:
    return placed(BOND, BOND, ANGLE)


def placed(r1: float, r2: float, angle: float) -> Floats:
    """Return positions (3, xyz) of a molecule in the xz plane, O at the origin."""
    half = angle / 2
    return np.array(
        [
            [0.0, 0.0, 0.0],
            [r1 * np.sin(half), 0.0, r1 * np.cos(half)],
            [-r2 * np.sin(half), 0.0, r2 * np.cos(half)],
        ]
    )


def _rotation(rng: np.random.Generator) -> Floats:
    """Return a rotation, all of them alike likely: that of a random unit quaternion."""
    quaternion = rng.normal(size=4)
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
