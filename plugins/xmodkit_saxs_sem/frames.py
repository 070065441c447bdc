"""Frames as arrays: turned upright, binned, and averaged over rings."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array, Arrays
from xmodkit_saxs_sem.modalities import Q_STEP, SIZE

__all__ = ["RING_Q", "has_q", "logs", "magnitude", "radial_profile", "reduced", "upright"]

RING_Q: NDArray[np.float64] = Q_STEP * np.arange(SIZE // 2, dtype=np.float64)


def upright(frame: Arrays) -> dict[str, Array]:
    """Return a frame turned over so that qx grows to the right and qy upwards."""
    down = -1 if np.mean(frame["qy"][0]) < np.mean(frame["qy"][-1]) else 1
    right = -1 if np.mean(frame["qx"][:, 0]) > np.mean(frame["qx"][:, -1]) else 1
    return {name: frame[name][::down, ::right] for name in ("intensity", "mask", "qx", "qy")}


def reduced(frame: Arrays, most: int) -> dict[str, Array]:
    """Return a frame binned by whole pixels until no side is longer than `most`.

    Intensities are means of the measured pixels of a bin, q those of all; a bin without a
    measured pixel is masked.
    """
    step = ceil(max(frame["intensity"].shape) / most)
    if step == 1:
        return dict(frame)
    weight = (frame["mask"] != 0).astype(np.float64)
    measured, every = _binned(weight, step), _binned(np.ones_like(weight), step)
    intensity = _binned(frame["intensity"] * weight, step) / np.maximum(measured, 1)
    return {
        "intensity": intensity.astype(np.float32),
        "mask": (measured > 0).astype(np.uint8),
        **{q: (_binned(frame[q], step) / every).astype(np.float32) for q in ("qx", "qy")},
    }


def has_q(frame: Arrays) -> bool:
    """Say whether the scattering vectors of a frame are known."""
    return bool(frame["qx"].any() or frame["qy"].any())


def magnitude(frame: Arrays) -> NDArray[np.float64]:
    """Return |q| of every pixel in 1/nm."""
    q: NDArray[np.float64] = np.hypot(frame["qx"].astype(float), frame["qy"].astype(float))
    return q


def logs(intensity: Array) -> NDArray[np.float64]:
    """Return log10 of intensities, minus infinity where there is none (or less)."""
    found = np.full(intensity.shape, -np.inf)
    positive = intensity > 0
    found[positive] = np.log10(intensity[positive].astype(np.float64))
    return found


def radial_profile(frame: Arrays, values: Array) -> NDArray[np.float64]:
    """Return the mean of `values` (row, column) over rings of measured pixels at `RING_Q`.

    A ring is as wide as a step of the models' q grid. One without a finite value is NaN.
    """
    known = (frame["mask"] != 0) & np.isfinite(values)
    ring = np.rint(magnitude(frame)[known] / Q_STEP).astype(int)
    inside = ring < len(RING_Q)
    count = np.bincount(ring[inside], minlength=len(RING_Q))
    total = np.bincount(ring[inside], values[known][inside], len(RING_Q))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _binned(values: Array, step: int) -> NDArray[np.float64]:
    """Return sums over squares of `step` pixels; those at the far edges may be smaller."""
    rows = np.add.reduceat(values.astype(np.float64), np.arange(0, values.shape[0], step), axis=0)
    sums: NDArray[np.float64] = np.add.reduceat(rows, np.arange(0, values.shape[1], step), axis=1)
    return sums
