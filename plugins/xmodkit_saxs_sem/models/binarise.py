"""Binarise micrographs as Lu and Jayaraman 2023 do: adaptive threshold, then a majority filter.

All arithmetic is on whole numbers that single precision holds exactly: every runtime finds the
very same pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xmodkit.modality import Array
from xmodkit_saxs_sem.modalities import SEM_PIXEL_NM
from xmodkit_saxs_sem.models.tiles import MARGIN, resampling

__all__ = ["OFFSET", "WINDOW", "Binarise", "binary_field"]

WINDOW, OFFSET = 15, 2  # pixels and levels; one of the paper's notebooks says 25
_SMOOTH = (14.0, 62.0, 104.0, 62.0, 14.0)  # Gaussian of sigma 1 in 256ths
_VOTES = (18.0, 63.0, 94.0, 63.0, 18.0)  # Gaussian of sigma 1.1 in 256ths


class Binarise(nn.Module):
    """Levels in pixels of 2 nm to the bright phase in pixels of 4 nm."""

    def __init__(self, window: int = WINDOW, offset: int = OFFSET) -> None:
        super().__init__()
        if window % 2 == 0 or not 3 <= window <= 2 * MARGIN - 7:
            raise ValueError(f"window {window} given, an odd number from 3 to 25 expected")
        self.window, self.offset = window, offset

    def forward(self, levels: Tensor) -> Tensor:
        """Return 1 in the bright phase, 0 elsewhere: (N, (y - 32) / 2, (x - 32) / 2).

        `levels` are whole numbers 0..255, (N, y, x), with a margin of 16 pixels all around.
        """
        return _halved(self.fine(levels))

    def fine(self, levels: Tensor) -> Tensor:
        """Return the same in pixels of 2 nm, as published: (N, y - 32, x - 32)."""
        image = torch.floor(_weighted(levels, _SMOOTH) / 65536 + 0.5)
        half = self.window // 2
        mean = torch.floor(_box(image, self.window) / self.window**2 + 0.5)
        bright = (image[:, half:-half, half:-half] > mean - self.offset).float()
        kept = (_weighted(bright, _VOTES) >= 32768).float()
        cut = MARGIN - 4 - half
        return kept[:, cut:-cut, cut:-cut] if cut else kept


def binary_field(micrograph: Array, pixel_nm: float, binarise: Binarise) -> NDArray[np.uint8]:
    """Return a whole micrograph (y, x) binarised, uint8 0 or 1, in pixels of 4 nm."""
    levels = torch.from_numpy(micrograph.astype(np.float32))
    if abs(pixel_nm - SEM_PIXEL_NM) > 1e-6:
        ratio = torch.tensor([SEM_PIXEL_NM / pixel_nm])
        for _ in range(2):  # rows, then columns
            extent = levels.shape[0]
            count = int(extent / float(ratio))
            places = (torch.arange(count) + 0.5) * ratio - 0.5
            levels = (resampling(places[None], extent, ratio)[0] @ levels).T
        levels = torch.floor(levels + 0.5)
    height, width = (2 * (size // 2) for size in levels.shape)
    padded = nn.functional.pad(levels[None, None, :height, :width], [MARGIN] * 4, mode="replicate")
    bright: NDArray[np.uint8] = binarise(padded[0])[0].numpy().astype(np.uint8)
    return bright


def _weighted(image: Tensor, taps: Sequence[float]) -> Tensor:
    """Return sums of neighbours (N, y - 4, x - 4), weighted by taps along y and along x."""
    for axis in (1, 2):
        length = image.shape[axis] - len(taps) + 1
        image = sum(
            (tap * image.narrow(axis, i, length) for i, tap in enumerate(taps)),
            torch.zeros(()),
        )
    return image


def _box(image: Tensor, window: int) -> Tensor:
    """Return sums over windows (N, y - window + 1, x - window + 1): differences of running sums."""
    for axis, padding in ((1, (0, 0, 1, 0)), (2, (1, 0))):
        running = nn.functional.pad(image.cumsum(axis), padding)
        length = image.shape[axis] - window + 1
        image = running.narrow(axis, window, length) - running.narrow(axis, 0, length)
    return image


def _halved(bright: Tensor) -> Tensor:
    """Return the majority of every 2 x 2 block of (N, y, x); of two, the upper left decides."""
    corner = bright[:, ::2, ::2]
    count = corner + bright[:, ::2, 1::2] + bright[:, 1::2, ::2] + bright[:, 1::2, 1::2]
    return (count + 0.5 * corner > 2.25).float()
