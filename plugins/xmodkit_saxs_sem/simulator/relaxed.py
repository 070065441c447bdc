"""Patterns without a grating: the Swift-Hohenberg equation, from noise of one wavelength."""

from __future__ import annotations

import numpy as np

from xmodkit_saxs_sem.simulator.grid import Floats, Grid, refined
from xmodkit_saxs_sem.simulator.parameters import Film

__all__ = ["relaxed_pattern"]

_POINTS = 6  # per spacing
_STEPS, _TIME_STEP = 36, 0.7
_DRIVE = 0.25
_QUADRATIC = {"cylinders": 1.3, "fingerprints": 0.0}  # what makes dots of lines
_BAND = 0.12  # relative width of the ring of wave numbers that the noise has


def relaxed_pattern(film: Film, grid: Grid, rng: np.random.Generator) -> Floats:
    """Return a pattern (rows, columns) of rms 1: fingerprints, or dots in grains.

    Solves psi' = e psi - (1 + lap)^2 psi + g psi^2 - psi^3 (Swift and Hohenberg 1977; lengths in
    spacings over 2 pi) by a few semi-implicit steps on a periodic grid larger than the field.
    """
    from scipy import fft

    coarse = grid.coarse(film.spacing_nm / _POINTS)
    shape = tuple(fft.next_fast_len(size, real=True) for size in coarse.shape)
    down, across = fft.fftfreq(shape[0]) * _POINTS, fft.rfftfreq(shape[1]) * _POINTS
    square = (down[:, None] ** 2 + across**2).astype(np.float32)  # of the wave number over its own
    linear = _DRIVE - (1.0 - square) ** 2
    implicit = (1.0 / (1.0 - _TIME_STEP * linear)).astype(np.float32)
    ring = np.exp(-0.5 * ((np.sqrt(square) - 1.0) / _BAND) ** 2).astype(np.float32)
    noise = fft.rfft2(rng.standard_normal(shape, dtype=np.float32), workers=1)
    field = fft.irfft2(noise * ring, s=shape, workers=1)
    field *= 0.2 / field.std()
    quadratic = np.float32(_QUADRATIC[film.morphology])
    for _ in range(_STEPS):
        force = field * field * (quadratic - field)
        field = fft.rfft2(field + np.float32(_TIME_STEP) * force, workers=1)
        field = fft.irfft2(field * implicit, s=shape, workers=1)
    field = field[: coarse.rows, : coarse.columns]
    field -= field.mean()
    pattern: Floats = refined(field / field.std(), coarse, grid)
    return pattern
