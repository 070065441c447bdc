"""Two-point correlation S(r) of binary images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array

__all__ = ["radial_bins", "two_point"]


def two_point(images: Array, bins: int = 48) -> NDArray[np.float32]:
    """Return S(r) (..., bins) of images (..., rows, columns) that are not 0 in the bright phase.

    The probability that two pixels at a distance r are both bright: the periodic autocorrelation,
    averaged over all pixels with k - 1 < r <= k for bin k; S(0) is the phase fraction.
    Source: Torquato, Random Heterogeneous Materials (2002), section 2.2; bins as in porespy 2's
    `two_point_correlation`, on which published S(r) rest.
    """
    spectrum = np.fft.rfft2((images != 0).astype(np.float32))
    shape = images.shape[-2:]
    area = shape[0] * shape[1]
    autocorrelation = np.fft.irfft2(np.abs(spectrum) ** 2, s=shape) / area
    flat = autocorrelation.reshape(*images.shape[:-2], area)
    bin_of = radial_bins(shape, bins).ravel()
    order = np.argsort(bin_of, kind="stable")[: np.count_nonzero(bin_of < bins)]
    starts = np.searchsorted(bin_of[order], np.arange(bins))
    sums = np.add.reduceat(flat[..., order], starts, axis=-1)
    found: NDArray[np.float32] = (sums / np.diff(starts, append=len(order))).astype(np.float32)
    return found


def radial_bins(shape: tuple[int, ...], bins: int) -> NDArray[np.intp]:
    """Return each pixel's bin, its distance from pixel (0, 0) rounded up; `bins` beyond the last.

    Distances are periodic: the shortest way round.
    """
    rows, columns = (np.fft.fftfreq(extent, 1 / extent) for extent in shape)
    radius = np.ceil(np.hypot(rows[:, None], columns))
    found: NDArray[np.intp] = np.minimum(radius, bins).astype(np.intp)
    return found
