"""Power spectra of images on the models' q grid, and the principal peak of spectra and frames."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit.modality import Array
from xmodkit_saxs_sem.modalities import Q_GRID, Q_STEP, SIZE

__all__ = ["PEAK_RANGE", "peak_q", "power_spectrum", "q_polar"]

PEAK_RANGE = (0.07, 0.5)  # 1/nm: periods of 90 to 12.6 nm
_STEP = 0.25 * Q_STEP  # between radii
_WIDTH = 0.6 * Q_STEP  # sigma of an annulus
_CONTRAST = 3.0  # least mean of the peak's annulus over the mean of the plane; noise reaches 2

Floats = NDArray[np.float32]


def power_spectrum(images: Array) -> Floats:
    """Return |F|^2 (n, 96, 96) of images (n, 96, 96) on the models' q grid, rows down = -qy.

    Mean taken off, Hann window; the mean of the result is the windowed image's variance.
    """
    check_size(images, "images")
    window = np.hanning(SIZE + 2)[1:-1].astype(np.float32)
    window2 = np.outer(window, window)
    window2 /= np.sqrt(np.mean(window2**2))
    values = images.astype(np.float32)
    mean = (values * window2).sum(axis=(-1, -2), keepdims=True) / window2.sum()
    half = np.abs(np.fft.rfft2((values - mean) * window2)) ** 2 / SIZE**2
    return np.asarray(half[..., _whole()[0], _whole()[1]], np.float32)


def peak_q(power: Array, weight: Array | None = None) -> tuple[Floats, Floats]:
    """Return the principal peak's q in 1/nm, and its contrast, of power (n, 96, 96): each (n,).

    The largest local maximum of the power summed over annuli (not averaged: two spots count as
    much as a ring of equal power), refined by a parabola through its logarithm. The contrast is
    the annulus' mean over that of the whole plane. Both are NaN where nothing stands out.
    `weight` (n, 96, 96) is 0 where power is not known.
    """
    check_size(power, "power")
    radii, annuli = _annuli()
    count = len(power)
    if weight is None:
        weight = np.ones((1, SIZE, SIZE), np.float32)
    known = np.where(weight > 0, power, 0).reshape(count, -1).astype(np.float32)
    share = (weight > 0).reshape(len(weight), -1).astype(np.float32)
    mean = known @ annuli / np.maximum(share @ annuli, 1e-3)  # (n, radii)
    plane = known.sum(axis=1) / np.maximum(share.sum(axis=1), 1)
    profile = np.log(np.maximum(mean * radii, 1e-30))
    inner = profile[:, 1:-1]
    top = (inner > profile[:, :-2]) & (inner >= profile[:, 2:])
    place = np.where(top, inner, -np.inf).argmax(axis=1)
    rows = np.arange(count)
    left, here, right = (profile[rows, place + i] for i in range(3))
    bend = np.minimum(left - 2 * here + right, -1e-12)
    q = radii[place + 1] + 0.5 * _STEP * (left - right) / bend
    contrast = mean[rows, place + 1] / np.maximum(plane, 1e-30)
    stands = top[rows, place] & (contrast > _CONTRAST)
    found = (np.where(stands, value, np.nan).astype(np.float32) for value in (q, contrast))
    return next(found), next(found)


def check_size(arrays: Array, what: str) -> None:
    """Raise `DataError` unless arrays are (n, 96, 96)."""
    if arrays.ndim != 3 or arrays.shape[1:] != (SIZE, SIZE):
        raise DataError(f"{what} of shape {arrays.shape} given, (n, {SIZE}, {SIZE}) expected")


@cache
def q_polar() -> tuple[Floats, Floats]:
    """Return |q| in 1/nm and the angle in radians from +x, up being +y: each (96, 96)."""
    across, up = np.meshgrid(Q_GRID, -Q_GRID)
    return np.hypot(across, up).astype(np.float32), np.arctan2(up, across).astype(np.float32)


@cache
def _annuli() -> tuple[Floats, Floats]:
    """Return radii (k,) in 1/nm and each annulus' weights (96 * 96, k), which sum to 1."""
    radii = np.arange(*PEAK_RANGE, _STEP)
    q = q_polar()[0].reshape(-1, 1)
    weights = np.exp(-0.5 * ((q - radii) / _WIDTH) ** 2)
    weights[weights < 1e-4] = 0
    return radii.astype(np.float32), (weights / weights.sum(axis=0)).astype(np.float32)


@cache
def _whole() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where the q grid's places lie in a half spectrum of `rfft2`: rows and columns."""
    row, column = np.meshgrid(*[np.arange(SIZE) - SIZE // 2] * 2, indexing="ij")
    sign = np.where(column < 0, -1, 1)
    return (sign * row) % SIZE, np.abs(column)
