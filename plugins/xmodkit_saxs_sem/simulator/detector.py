"""The detector of a SAXS beamline: geometry, exposure, gaps, beam stop, counting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xmodkit_saxs_sem.simulator.grid import Floats
from xmodkit_saxs_sem.simulator.scattering import Scattering

__all__ = ["SIZE", "Detector", "draw_detector", "expected_counts", "expose", "scattered_at"]

SIZE = 192  # px each way

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Detector:
    """One setting of an instrument: where its pixels lie in q, and what they miss."""

    q_step: float  # 1/nm per pixel
    centre: tuple[float, float]  # row and column of the beam
    gaps: tuple[slice, slice]  # rows and columns between modules
    stop: tuple[float, float, float]  # qx, qy and radius of the beam stop, 1/nm
    arm_deg: float  # where its arm comes from
    arm_width: float  # 1/nm
    dead: tuple[tuple[int, int], ...]
    resolution: float  # sigma, 1/nm: beam size, divergence, pixels
    counts: float  # at the strongest measured peak
    background: float  # counts of air, substrate and electronics
    parasitic: float  # counts at 0.1 1/nm of slits and windows, falling with q^-3

    def q(self) -> tuple[Floats, Floats]:
        """Return qx and qy (row, column) in 1/nm; qy points up, against the rows."""
        place = np.arange(SIZE)
        qx = self.q_step * (place - self.centre[1])
        qy = self.q_step * (self.centre[0] - place)
        across, up = np.meshgrid(qx, qy)
        return across.astype(np.float32), up.astype(np.float32)

    def mask(self) -> Mask:
        """Return what is measured (row, column): not the gaps, beam stop, arm and dead pixels."""
        qx, qy = self.q()
        x, y = qx - self.stop[0], qy - self.stop[1]
        angle = np.radians(self.arm_deg)
        along = x * np.cos(angle) + y * np.sin(angle)
        beside = y * np.cos(angle) - x * np.sin(angle)
        measured: Mask = (np.hypot(x, y) > self.stop[2]) & ~(
            (along > 0) & (np.abs(beside) < 0.5 * self.arm_width)
        )
        measured[self.gaps[0]] = False
        measured[:, self.gaps[1]] = False
        for row, column in self.dead:
            measured[row, column] = False
        return measured


def draw_detector(rng: np.random.Generator) -> Detector:
    """Draw one setting: the distance varies by a tenth, the exposure over one decade."""
    counts = float(np.exp(rng.uniform(np.log(1e4), np.log(1e5))))
    centre = SIZE / 2 - 0.5 + np.clip(rng.normal(0.0, 2.5, 2), -6.0, 6.0)
    return Detector(
        q_step=0.77 * rng.uniform(0.9, 1.1) / (SIZE / 2),
        centre=(float(centre[0]), float(centre[1])),
        gaps=(_gap(rng), _gap(rng)),
        stop=(*rng.normal(0.0, 0.004, 2).tolist(), rng.uniform(0.050, 0.068)),
        arm_deg=float(rng.choice((0.0, 90.0, 180.0, 270.0))) + rng.normal(0.0, 4.0),
        arm_width=rng.uniform(0.022, 0.04),
        dead=tuple((int(r), int(c)) for r, c in rng.integers(0, SIZE, (rng.integers(3, 16), 2))),
        resolution=rng.uniform(0.003, 0.006),
        counts=counts,
        background=counts * float(np.exp(rng.uniform(np.log(5e-4), np.log(8e-4)))),
        parasitic=counts * float(np.exp(rng.uniform(np.log(7e-3), np.log(1.2e-2)))),
    )


def _gap(rng: np.random.Generator) -> slice:
    away = int(rng.choice((-1, 1))) * int(rng.integers(16, 60))
    first = SIZE // 2 + away
    return slice(first, first + int(rng.integers(3, 6)))


def scattered_at(scattering: Scattering, resolution: float, qx: Floats, qy: Floats) -> Floats:
    """Return the power at wave vectors (row, column) in 1/nm, blurred by `resolution` (sigma).

    The logarithm is interpolated, by cubic splines, so that peaks keep their shape.
    """
    from scipy.ndimage import gaussian_filter, map_coordinates

    power = gaussian_filter(scattering.power, resolution / scattering.step, mode="wrap")
    middle = power.shape[0] // 2
    places = np.stack([middle - qy / scattering.step, middle + qx / scattering.step])
    floor = 1e-12 * power.max()
    signal: Floats = np.exp(map_coordinates(np.log(power + floor), places, order=3, mode="nearest"))
    return signal


def expected_counts(scattering: Scattering, detector: Detector) -> Floats:
    """Return the counts (row, column) to be expected, without noise and without a mask."""
    qx, qy = detector.q()
    signal = scattered_at(scattering, detector.resolution, qx, qy)
    q = np.hypot(qx, qy)
    strongest = signal[q > detector.stop[2] + 0.01].max()
    flat = detector.background + detector.parasitic * (np.maximum(q, 0.02) / 0.1) ** -3
    counts: Floats = (detector.counts / strongest * signal + flat).astype(np.float32)
    return counts


def expose(
    expected: Floats, detector: Detector, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.uint8]]:
    """Return counted intensity (row, column), 0 where not measured, and the mask."""
    measured = detector.mask()
    counted = rng.poisson(expected).astype(np.float32)
    return np.where(measured, counted, np.float32(0)), measured.astype(np.uint8)
