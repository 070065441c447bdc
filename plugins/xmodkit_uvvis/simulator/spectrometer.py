"""The spectrometer: T and R averaged over the beam spot, and only then -ln(T / (1 - R))."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xmodkit_uvvis.simulator.materials import ENERGY, Floats
from xmodkit_uvvis.simulator.optics import Slide

__all__ = [
    "Spectrometer",
    "absorption",
    "draw_spectrometer",
    "measure",
    "scattered",
    "spot_weights",
]


@dataclass(frozen=True)
class Spectrometer:
    """Beam radius and how far off it lands (standard deviation) in mm, noise, reference errors.

    `noise` is that of T per point; `offset` what T and R are off by for a whole plate.
    """

    beam_radius: float
    misalignment: float
    noise: float
    offset: tuple[float, float]


def draw_spectrometer(rng: np.random.Generator) -> Spectrometer:
    """Draw a plate's spectrometer: its beam and how well its references were taken."""
    offset = np.clip(rng.normal(0.0, 0.002, 2), -0.004, 0.004)
    return Spectrometer(
        float(rng.normal(0.66, 0.06)),
        float(rng.uniform(0.05, 0.15)),
        float(rng.uniform(0.0004, 0.0009)),
        (float(offset[0]), float(offset[1])),
    )


def spot_weights(
    thickness: Floats, levels: Floats, pixel: float, radius: float, off: tuple[float, float]
) -> Floats:
    """Return how much of the spot lies at each thickness level: (level,), sum one.

    `thickness` (y, x) in um, `levels` evenly spaced from zero, `pixel`, `radius` and the spot's
    place `off` the map's centre (down, right) in mm.
    """
    axis = (np.arange(thickness.shape[0]) - 0.5 * (thickness.shape[0] - 1)) * pixel
    distance = np.hypot(axis[:, None] - off[0], axis[None, :] - off[1])
    beam = np.exp(-((distance / radius) ** 8)).ravel()  # a disc with a soft rim
    place = thickness.ravel() / levels[1]
    lower = np.minimum(place.astype(np.intp), levels.size - 2)
    upper_share = beam * (place - lower)
    weights = np.bincount(lower, beam - upper_share, levels.size)
    weights += np.bincount(lower + 1, upper_share, levels.size)
    share: Floats = weights / beam.sum()
    return share


def absorption(transmittance: Floats, reflectance: Floats) -> Floats:
    """Return absorption coefficient x thickness: -ln(T / (1 - R)), natural logarithm."""
    return -np.log(transmittance / (1.0 - reflectance))


def scattered(slide: Slide, levels: Floats, strength: float) -> Slide:
    """Take from the transmitted light what a porous film scatters past the sphere's port.

    `strength` in 1/um at 2.5 eV, growing with the square of the energy. A scanner's diffuse
    backing returns this light, so the image does not show it.
    """
    lost = np.exp(-strength * levels[:, None] * (ENERGY / 2.5) ** 2)
    return replace(slide, transmittance=slide.transmittance * lost)


def measure(
    slide: Slide, weights: Floats, instrument: Spectrometer, rng: np.random.Generator
) -> Floats:
    """Return the spectrum (energy,) of a spot whose share `weights` lies at each level.

    Drop and bare glass are averaged together before the logarithm, so an opaque drop on 60 % of
    the spot reads 0.92. The film faces the beam. The lamp is weak at its two ends: more noise.
    """
    noise = instrument.noise * (1.0 + 2.0 * np.abs(ENERGY - 2.2) ** 2)
    grain = rng.standard_normal((2, ENERGY.size))
    transmittance = weights @ slide.transmittance + instrument.offset[0] + noise * grain[0]
    reflectance = weights @ slide.film_side + instrument.offset[1] + 0.5 * noise * grain[1]
    return absorption(np.maximum(transmittance, 1e-3), np.clip(reflectance, 0.0, 0.999))
