"""Frames that no simulated sample gives: other instruments, other physics, no signal at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from xmodkit.errors import UsageError
from xmodkit.modality import Array
from xmodkit_saxs_sem.simulator.detector import draw_detector, expose, scattered_at
from xmodkit_saxs_sem.simulator.grid import Floats
from xmodkit_saxs_sem.simulator.parameters import draw_film
from xmodkit_saxs_sem.simulator.scattering import scatter

__all__ = ["FOREIGN", "foreign_frame"]


@dataclass(frozen=True)
class _Frame:
    """What scatters, at qx and qy, and how the pixels' q steps compare with the simulator's."""

    pattern: Callable[[Floats, Floats, np.random.Generator], Floats]
    stretch: tuple[float, float] = (1.0, 1.0)


def foreign_frame(name: str, rng: np.random.Generator) -> dict[str, Array]:
    """Return a frame (intensity, mask, qx, qy; each 192 x 192) by its name in `FOREIGN`.

    Raise `UsageError` for another name.
    """
    if name not in FOREIGN:
        raise UsageError(f"frame {name!r} given, one of {', '.join(FOREIGN)} expected")
    detector = draw_detector(rng)
    qx, qy = detector.q()
    frame = FOREIGN[name]
    qx, qy = qx * np.float32(frame.stretch[0]), qy * np.float32(frame.stretch[1])
    expected = frame.pattern(qx, qy, rng)
    scale = np.float32(detector.counts / np.quantile(expected[detector.mask()], 0.999))
    intensity, mask = expose(expected * scale, detector, rng)
    return {"intensity": intensity, "mask": mask, "qx": qx, "qy": qy}


def _white_noise(qx: Floats, qy: Floats, rng: np.random.Generator) -> Floats:
    return rng.uniform(0.0, 1.0, qx.shape).astype(np.float32)


def _flat(qx: Floats, qy: Floats, rng: np.random.Generator) -> Floats:
    return np.ones_like(qx)


def _power_law(qx: Floats, qy: Floats, rng: np.random.Generator) -> Floats:
    """Return fractal scattering without a peak."""
    law: Floats = np.maximum(np.hypot(qx, qy), 0.02) ** np.float32(-rng.uniform(2.0, 4.0))
    return law


def _spheres(qx: Floats, qy: Floats, rng: np.random.Generator) -> Floats:
    """Return the form factor of dilute spheres with a tenth of spread in size (Rayleigh 1911)."""
    q = np.maximum(np.hypot(qx, qy), 0.01)
    total = np.zeros_like(q)
    for radius in rng.uniform(8.0, 14.0) * np.linspace(0.8, 1.2, 9):
        u = q * radius
        total += ((np.sin(u) - u * np.cos(u)) / u**3) ** 2
    return total


def _rings(qx: Floats, qy: Floats, rng: np.random.Generator) -> Floats:
    """Return sharp powder rings, as of a calibrant."""
    q, first = np.hypot(qx, qy), rng.uniform(0.10, 0.14)
    rings = np.full_like(q, 0.003)
    for order in range(1, 7):
        rings += np.exp(-0.5 * ((q - order * first) / 0.004) ** 2) / order
    return rings


def _grazing(qx: Floats, qy: Floats, rng: np.random.Generator) -> Floats:
    """Return a picture at grazing incidence: nothing below the horizon, rods and a Yoneda band."""
    period = 2 * np.pi / rng.uniform(28.0, 48.0)
    rods = sum(np.exp(-0.5 * ((qx - n * period) / 0.008) ** 2) for n in range(-4, 5))
    yoneda = np.exp(-0.5 * ((qy - 0.15) / 0.02) ** 2)
    height = np.exp(-np.maximum(qy, 0.0) / 0.25) + 3.0 * yoneda
    return np.where(qy > 0.03, (0.02 + rods) * height, 1e-4).astype(np.float32)


def _film(qx: Floats, qy: Floats, rng: np.random.Generator) -> Floats:
    """Return the scattering of one of the simulator's own films."""
    film = draw_film(rng, "hexagonal")
    return scattered_at(scatter(film, rng), 0.004, qx, qy)


def _film_on_background(qx: Floats, qy: Floats, rng: np.random.Generator) -> Floats:
    """Return a film's scattering beneath a flat background stronger than its peaks."""
    film = _film(qx, qy, rng)
    film += np.float32(3.0) * film[np.hypot(qx, qy) > 0.1].max()
    return film


FOREIGN: Mapping[str, _Frame] = {
    "white_noise": _Frame(_white_noise),
    "flat": _Frame(_flat),
    "power_law": _Frame(_power_law),
    "spheres": _Frame(_spheres),
    "rings": _Frame(_rings),
    "grazing": _Frame(_grazing),
    "long_camera": _Frame(_film, (0.3, 0.3)),
    "oblong_pixels": _Frame(_film, (1.0, 0.5)),
    "strong_background": _Frame(_film_on_background),
}
