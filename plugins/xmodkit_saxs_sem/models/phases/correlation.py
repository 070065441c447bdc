"""The autocorrelation of binary fields and the power that belongs to it, on a periodic grid."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xmodkit.modality import Array

__all__ = ["autocorrelation", "centre", "correlations", "power_of"]


def autocorrelation(field: Array, size: int) -> NDArray[np.float32]:
    """Return the normalised autocorrelation (size, size) of a field (y, x), lag 0 in the middle.

    Every lag is averaged over the pairs of pixels that the field holds: no window, no wrapping.
    """
    height, width = field.shape
    shape = (_fast(height + size // 2), _fast(width + size // 2))
    centred = field - field.mean()
    products = np.fft.irfft2(np.abs(np.fft.rfft2(centred, shape)) ** 2, shape)
    lags = np.arange(size) - size // 2
    found = products[lags[:, None] % shape[0], lags % shape[1]]
    pairs = (height - np.abs(lags))[:, None] * (width - np.abs(lags))
    found = found / pairs
    scaled: NDArray[np.float32] = (found / found[size // 2, size // 2]).astype(np.float32)
    return scaled


def power_of(correlation: Tensor) -> Tensor:
    """Return the power (N, G, G), frequency 0 in the middle, of autocorrelations (N, G, G)."""
    spectrum = torch.fft.fft2(torch.fft.ifftshift(correlation, (1, 2))).real
    power: Tensor = torch.fft.fftshift(spectrum, (1, 2)).clamp(min=0.0)
    middle = power.shape[1] // 2
    power[:, middle, middle] = 0.0  # a field's mean is no part of its pattern
    return power


def correlations(power: Tensor) -> Tensor:
    """Return the normalised autocorrelation, lag 0 in the middle, of power (N, G, G)."""
    spectrum = torch.fft.ifftshift(power, (1, 2))
    found: Tensor = torch.fft.fftshift(torch.fft.ifft2(spectrum).real, (1, 2))
    middle = power.shape[1] // 2
    return found / found[:, middle : middle + 1, middle : middle + 1]


def centre(correlation: Tensor, size: int) -> Tensor:
    """Return the short lags (N, size, size) of autocorrelations (N, G, G)."""
    cut = (correlation.shape[1] - size) // 2
    return correlation[:, cut : cut + size, cut : cut + size]


def _fast(size: int) -> int:
    """Return a length at least as long, of small prime factors."""
    step = 64
    return -(-size // step) * step
