"""Simulated samples: block-copolymer films on gratings, seen by X-rays and by electrons."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from xmodkit.errors import MissingExtraError, UsageError
from xmodkit.pair import Option, Options, Sample
from xmodkit_saxs_sem.modalities import SEM_PIXEL_NM
from xmodkit_saxs_sem.simulator.detector import Detector, draw_detector, expected_counts, expose
from xmodkit_saxs_sem.simulator.micrograph import draw_microscope, micrograph
from xmodkit_saxs_sem.simulator.parameters import (
    GENERAL,
    MORPHOLOGIES,
    PUBLISHED,
    Film,
    Morphology,
    draw_film,
)
from xmodkit_saxs_sem.simulator.scattering import scatter

__all__ = ["SIMULATE_OPTIONS", "VERSION", "simulate"]

VERSION = "2"

_DATA = (
    "simulated block-copolymer film on a grating: SAXS in transmission (counts) and a micrograph "
    "of another place of the same film"
)
_SEM_SIZE = "830x1280"
_LEAST_PX = 64
_MIXTURES: Mapping[str, tuple[Morphology, ...]] = {"mixed": PUBLISHED, "general": GENERAL}

SIMULATE_OPTIONS = (
    Option(
        "morphology",
        "Morphology of the films; mixed: the four of Lu and Jayaraman (2023), general: all.",
        default="mixed",
        commands=("simulate",),
        choices=(*_MIXTURES, *MORPHOLOGIES),
    ),
    Option(
        "sem-size",
        "Size of the micrographs in pixels, HEIGHTxWIDTH; 400x400 saves time and space.",
        default=_SEM_SIZE,
        commands=("simulate",),
    ),
    Option(
        "sem-pixel-nm",
        "Size of a micrograph's pixel in nm.",
        "float",
        default=SEM_PIXEL_NM,
        commands=("simulate",),
    ),
)


def simulate(n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
    """Yield samples `start` to `start + n - 1` of a seed; sample i depends on (seed, i) alone.

    Each holds `saxs` (intensity in counts, mask, qx and qy in 1/nm, 192 x 192) and `sem` (uint8
    micrograph, pixel_nm), from realisations of the film of their own. Options: `morphology`,
    `sem_size` (HEIGHTxWIDTH), `sem_pixel_nm`.

    Raise `UsageError` for options that cannot mean anything, `MissingExtraError` without SciPy.
    """
    for name, value in (("n", n), ("seed", seed), ("start", start)):
        if value < 0:
            raise UsageError(f"{name} is {value}; give 0 or more")
    try:
        import scipy  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("the simulator of films", "SciPy", "saxs-sem") from error
    morphologies = _morphologies(str(options.get("morphology") or "mixed"))
    shape = _shape(str(options.get("sem_size") or _SEM_SIZE))
    given = options.get("sem_pixel_nm")
    pixel_nm = SEM_PIXEL_NM if given is None else float(given)
    if not 0.25 <= pixel_nm <= 8.0:
        raise UsageError(f"--sem-pixel-nm {pixel_nm:g} given; give 0.25 to 8 nm")
    return (
        _sample(seed, index, morphologies, shape, pixel_nm) for index in range(start, start + n)
    )


def _morphologies(name: str) -> tuple[Morphology, ...]:
    if name in _MIXTURES:
        return _MIXTURES[name]
    chosen = tuple(each for each in MORPHOLOGIES if each == name)
    if not chosen:
        known = ", ".join((*_MIXTURES, *MORPHOLOGIES))
        raise UsageError(f"morphology {name!r} given, one of {known} expected")
    return chosen


def _shape(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text.strip().lower())
    if match is None or min(map(int, match.groups())) < _LEAST_PX:
        raise UsageError(
            f"--sem-size {text!r} given; give HEIGHTxWIDTH in pixels, each {_LEAST_PX} or more"
        )
    return int(match[1]), int(match[2])


def _sample(
    seed: int,
    index: int,
    morphologies: tuple[Morphology, ...],
    shape: tuple[int, int],
    pixel_nm: float,
) -> Sample:
    # Streams of their own: what one instrument draws leaves the other's picture as it is.
    streams = np.random.SeedSequence((seed, index)).spawn(4)
    drawing, x_rays, detecting, electrons = map(np.random.default_rng, streams)
    film = draw_film(drawing, morphologies[drawing.integers(len(morphologies))])
    detector = draw_detector(detecting)
    scattering = scatter(film, x_rays)
    intensity, mask = expose(expected_counts(scattering, detector), detector, detecting)
    qx, qy = detector.q()
    microscope = draw_microscope(electrons)
    image = micrograph(film, scattering.level, microscope, shape, pixel_nm, electrons)
    name = f"film-{seed}-{index:06d}"
    return Sample(
        name,
        {
            "saxs": {"intensity": intensity, "mask": mask, "qx": qx, "qy": qy},
            "sem": {"micrograph": image, "pixel_nm": np.asarray(pixel_nm, np.float32)},
        },
        source="simulated film",
        ordinal=index,
        metadata=_truth(film, detector),
        groups={"sample": name, "morphology": film.morphology},
    )


def _truth(film: Film, detector: Detector) -> dict[str, Any]:
    """Return what is known of a film, as JSON values: None where the pattern found its own."""
    return {
        "simulated": True,
        "data": _DATA,
        "simulator": VERSION,
        "licence": "none: made by the user's own run",
        "morphology": film.morphology,
        "true_spacing_nm": round(film.spacing_nm, 4),
        "true_phi": round(film.phi, 5),
        "true_orientation_deg": None if film.relaxed else round(film.orientation_deg % 180.0, 4),
        "true_defects_per_um2": None if film.relaxed else round(film.defects_per_um2, 4),
        "true_skew_deg": round(film.skew_deg, 4) if film.morphology == "skew" else None,
        "true_wander_nm": None if film.relaxed else round(film.wander_nm, 4),
        "true_roughness_nm": None if film.relaxed else round(film.roughness_nm, 4),
        "true_interface_nm": round(film.interface_nm, 4),
        "peak_counts": round(detector.counts, 1),
    }
