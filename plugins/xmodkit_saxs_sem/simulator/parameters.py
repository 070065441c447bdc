"""What a simulated film is: its morphology and the numbers that shape every picture of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

__all__ = ["GENERAL", "MORPHOLOGIES", "PUBLISHED", "Film", "Morphology", "draw_film"]

Morphology = Literal[
    "hexagonal", "skew", "alternating", "ladders", "lamellae", "cylinders", "fingerprints"
]
MORPHOLOGIES: tuple[Morphology, ...] = get_args(Morphology)
PUBLISHED = MORPHOLOGIES[:4]  # Lu and Jayaraman, JACS Au 2023, 3, 2510
GENERAL = MORPHOLOGIES

_PHI: Mapping[Morphology, float] = {
    "hexagonal": 0.40,
    "skew": 0.50,
    "alternating": 0.48,
    "ladders": 0.55,
    "lamellae": 0.50,
    "cylinders": 0.35,
    "fingerprints": 0.50,
}
_PHI_SPREAD = 0.01  # a blend decides both phi and morphology


@dataclass(frozen=True)
class Film:
    """A block-copolymer film on a chemical grating whose direction is vertical in the image.

    `spacing_nm` is 2 pi over the wave number of the principal peak: of lines their period, of
    dots the distance between rows, of alternating lines that between neighbours.
    `orientation_deg` is the direction of the lines' wave vector, counterclockwise from +x.
    """

    morphology: Morphology
    spacing_nm: float
    orientation_deg: float
    phi: float  # area fraction of the bright phase
    interface_nm: float  # half-width of the tanh profile between the phases
    wander_nm: float  # rms displacement of the pattern from the grating
    wander_length_nm: float  # over which that displacement stays alike
    roughness_nm: float  # rms displacement of lines over some 10 nm
    width_roughness: float  # rms of the level over some 10 nm, of the level field's own rms
    composition_drift: float  # likewise over some 300 nm
    defects_per_um2: float  # dislocations placed; relaxed patterns bring their own
    skew_deg: float  # of the bottom layer's lines against the top layer's
    alternation: float  # weight of the doubled period
    cross_weight: float  # weight of dots or rungs along the lines
    cross_period: float  # of those, in spacings
    cross_disorder: float  # rms phase of those, in radians

    @property
    def relaxed(self) -> bool:
        """Whether the pattern finds its own order, without a grating."""
        return self.morphology in ("cylinders", "fingerprints")

    @property
    def wave_number(self) -> float:
        """The principal wave number in 1/nm."""
        return 2 * np.pi / self.spacing_nm


def draw_film(rng: np.random.Generator, morphology: Morphology) -> Film:
    """Draw a film of that morphology; equal numbers are drawn for each, so that they compare."""
    spacing = rng.uniform(28.0, 48.0)
    orientation = rng.uniform(-12.0, 12.0)
    centre = _PHI[morphology]
    phi = float(np.clip(rng.normal(centre, _PHI_SPREAD), centre - 0.03, centre + 0.03))
    loose = rng.random()  # 1: hardly held by the grating
    dotted = rng.random() < 0.5  # alternating lines and rows of dots, not two widths
    alternation, cross = rng.uniform(0.0, 1.0, 2)
    return Film(
        morphology=morphology,
        spacing_nm=spacing,
        orientation_deg=orientation,
        phi=phi,
        interface_nm=rng.uniform(2.0, 3.0),
        wander_nm=spacing * (0.025 + 0.055 * loose),
        wander_length_nm=rng.uniform(60.0, 150.0),
        roughness_nm=rng.uniform(0.6, 1.6),
        width_roughness=rng.uniform(0.03, 0.10),
        composition_drift=rng.uniform(0.003, 0.012),
        defects_per_um2=float(np.exp(rng.uniform(np.log(0.3), np.log(5.0)))) * (0.4 + loose),
        skew_deg=float(rng.choice((-1.0, 1.0))) * rng.uniform(8.0, 25.0),
        alternation=0.35 + 0.3 * alternation,
        cross_weight=_cross_weight(morphology, dotted, cross),
        cross_period=rng.uniform(1.0, 1.3) if morphology == "alternating" else rng.uniform(1.2, 2),
        cross_disorder=rng.uniform(0.2, 0.8),
    )


def _cross_weight(morphology: Morphology, dotted: bool, share: float) -> float:
    if morphology == "ladders":
        return 1.3 + 0.5 * share
    return 0.9 + 0.4 * share if dotted else 0.0
