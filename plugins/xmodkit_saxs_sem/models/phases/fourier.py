"""Discrete Fourier transforms as products of matrices, which every runtime has, and what they give.

Frequencies run from -G/2 to G/2 - 1: the zero lies at place G/2 of a grid.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.modalities import SIZE

__all__ = ["PERIODIC", "PowerSpectrum", "RandomField", "to_periodic"]

# Random fields are periodic over more pixels than an image shows: opposite edges do not know each
# other.
PERIODIC = 128


class PowerSpectrum(nn.Module):
    """Mean power of windowed tiles: |FFT|^2 of mean-subtracted images under a Hann window."""

    cosine: Tensor
    sine: Tensor
    window: Tensor

    def __init__(self, size: int = SIZE) -> None:
        super().__init__()
        cosine, sine = _kernel(size)
        self.register_buffer("cosine", cosine)
        self.register_buffer("sine", sine)
        hann = torch.hann_window(size + 2, periodic=False)[1:-1]
        self.register_buffer("window", hann[:, None] * hann)

    def forward(self, images: Tensor) -> Tensor:
        """Return the power (N, G, G), per pixel and variance, of tiles (N, tiles, G, G)."""
        weight = self.window.sum()
        mean = (images * self.window).sum(dim=(2, 3), keepdim=True) / weight
        seen = (images - mean) * self.window
        c, s = self.cosine, self.sine
        down_c, down_s = c @ seen, s @ seen
        real, imaginary = down_c @ c.T - down_s @ s.T, down_c @ s.T + down_s @ c.T
        power: Tensor = (real**2 + imaginary**2).mean(dim=1)
        return power / (self.window**2).sum()


class RandomField(nn.Module):
    """Gaussian random fields of given power: known amplitudes, unknown phases."""

    cosine: Tensor
    sine: Tensor

    def __init__(self, size: int = PERIODIC) -> None:
        super().__init__()
        self.size = size
        cosine, sine = _kernel(size)
        self.register_buffer("cosine", cosine)
        self.register_buffer("sine", sine)

    def forward(self, power: Tensor, noise: Tensor) -> Tensor:
        """Return fields (N, m, G, G) of mean 0 and variance 1 with power (N, G, G).

        `noise` (m, 2, G, G) is standard normal: real and imaginary parts, the same for all N.
        """
        share = power / power.sum(dim=(1, 2), keepdim=True)
        amplitude = torch.sqrt(share)[:, None]  # (N, 1, G, G)
        real, imaginary = amplitude * noise[:, 0], amplitude * noise[:, 1]  # (N, m, G, G)
        c, s = self.cosine, self.sine
        left = c.T @ real - s.T @ imaginary
        right = s.T @ real + c.T @ imaginary
        field: Tensor = left @ c - right @ s
        return field


def to_periodic(size: int = SIZE, periodic: int = PERIODIC) -> Tensor:
    """Return the matrix (periodic, size) that interpolates one q grid on the finer one."""
    places = size // 2 + (np.arange(periodic) - periodic // 2) * (size / periodic)
    distance = np.abs(np.clip(places, 0, size - 1)[:, None] - np.arange(size))
    return torch.from_numpy(np.maximum(1 - distance, 0)).float()


def _kernel(size: int) -> tuple[Tensor, Tensor]:
    frequency = torch.arange(size, dtype=torch.float64) - size // 2
    angle = 2 * math.pi / size * torch.outer(frequency, torch.arange(size, dtype=torch.float64))
    return torch.cos(angle).float(), torch.sin(angle).float()
