"""Two-point correlation and lineal path of model images, inside graphs and losses.

The same statistics as in `xmodkit_saxs_sem.metrics`, for images of SIZE x SIZE, of matrix products
alone: Fourier transforms do not export well.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from xmodkit.modality import Array
from xmodkit_saxs_sem.metrics.two_point import radial_bins
from xmodkit_saxs_sem.modalities import R_NM, SIZE

__all__ = ["lineal_path", "two_point"]

_FREQUENCIES = SIZE // 2 + 1
_TOGETHER = 8  # lengths of segments counted in one go: few nodes, little memory


def two_point(images: Tensor) -> Tensor:
    """Return S(r) (..., 48) of images (..., 96, 96): 1, or its probability, in the bright phase.

    Bins of one pixel, periodic, S(0) = phase fraction, as `metrics.two_point`.
    """
    waves, radial = (torch.tensor(a).to(images) for a in (_waves(), _radial()))
    found = waves @ images @ waves.T  # products of cosines and sines along y and along x
    quadrants = found.reshape(*images.shape[:-2], 2, _FREQUENCIES, 2, _FREQUENCIES).square()
    power = quadrants.sum(dim=(-4, -2))  # |F(ky, kx)|^2 + |F(ky, -kx)|^2, halved
    return torch.matmul(power.flatten(-2), radial)


def lineal_path(images: Tensor, vertical: bool) -> Tensor:
    """Return L (..., 48): the share of segments of 1 to 48 pixels wholly in the bright phase.

    Segments run along y (`vertical`) or along x and lie within the images (..., 96, 96). Of
    probabilities it is the expected share where pixels are independent.
    """
    lines = images.transpose(-1, -2) if vertical else images
    segments = [lines]
    for more in range(1, _TOGETHER):
        segments.append(segments[-1] * functional.pad(lines[..., more:], (0, more)))
    # (..., pixels of the segment, line, where it starts)
    bright = longer = torch.stack(segments, dim=-3)
    counts = [bright.sum(dim=(-1, -2))]
    for pixels in range(_TOGETHER, len(R_NM), _TOGETHER):
        longer = longer[..., -1:, :, :-_TOGETHER] * bright[..., pixels:]
        counts.append(longer.sum(dim=(-1, -2)))
    places = SIZE * torch.arange(SIZE, SIZE - len(R_NM), -1).to(images)
    return torch.cat(counts, dim=-1) / places


@cache
def _waves() -> Array:
    """Return cosines, then sines, of frequencies 0 to 48 (98, 96), over the number of pixels."""
    phase = 2 * np.pi / SIZE * np.outer(np.arange(_FREQUENCIES), np.arange(SIZE))
    return (np.concatenate([np.cos(phase), np.sin(phase)]) / SIZE).astype(np.float32)


@cache
def _radial() -> Array:
    """Return what turns power over frequencies (49 x 49) into S(r), shape (49 * 49, 48).

    The autocorrelation is the sum of cos(ky y) cos(kx x) times the power, and each bin its mean
    over the bin's pixels; frequencies 1 to 47 stand for their negatives too.
    """
    bins = radial_bins((SIZE, SIZE), len(R_NM))
    cosines = _waves()[:_FREQUENCIES].astype(np.float64) * SIZE
    cosines[1:-1] *= 2
    means = np.stack([(bins == k) / np.count_nonzero(bins == k) for k in range(len(R_NM))])
    found: Array = np.einsum("ky,ryx,lx->klr", cosines, means, cosines, optimize=True)
    return found.reshape(-1, len(R_NM)).astype(np.float32)
