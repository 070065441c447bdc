"""Pillow's LANCZOS resize as a module, bit for bit, so that a model file takes raw images.

Pillow resizes 8-bit images in two passes, along the width and along the height; since version 13
the height goes first where that saves work. In each pass an output pixel is a weighted sum over
the input: the weights are fixed-point integers of 22 bits, and the sum is rounded half up and
clipped to 0..255. Here a pass is a product with the matrix of these integers, computed from the
image's size inside the graph. Double precision holds every sum exactly; in single precision smooth
images, whose sums lie on ties, come out one level off in up to 0.4 % of their pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from xmodkit.errors import UsageError

__all__ = ["LanczosResize"]

LOBES = 3  # the Lanczos window's half width, in input pixels (output pixels when shrinking)
FIXED_POINT = 2.0**22  # Pillow's weights are integers in this unit
BANDS = 4  # an output pixel sees few input pixels: multiply by bands of the matrix, not all of it

_min: Callable[[int, int], int] = torch.sym_min  # min and max that an export keeps dynamic
_max: Callable[[int, int], int] = torch.sym_max


class LanczosResize(nn.Module):
    """Resize images to `size` x `size` exactly as Pillow 13's `resize((size, size), LANCZOS)`.

    Takes uint8 (sample, height, width, channel) of any height and width, both dynamic when
    exported. Returns float32 (sample, channel, size, size) holding whole levels 0..255.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        if size < BANDS or size % BANDS:
            raise UsageError(f"resize to {size} given, a positive multiple of {BANDS} expected")
        self.size = size

    def forward(self, images: Tensor) -> Tensor:
        """Return the resized images, channels first, in levels."""
        height, width = images.shape[1:3]
        x = images.permute(0, 3, 1, 2)
        tall = _min(height - self.size, height + self.size - 2 * width)
        if torch.compiler.is_compiling():  # an export keeps both orders, and chooses when it runs
            is_tall = torch.full((), tall) > 0
            x = torch.cond(is_tall, self._down_first, self._across_first, (x,))
        else:
            x = self._down_first(x) if tall > 0 else self._across_first(x)
        return x.float()

    def _across_first(self, x: Tensor) -> Tensor:
        return self._down(self._across(x))

    def _down_first(self, x: Tensor) -> Tensor:
        return self._across(self._down(x))

    def _across(self, x: Tensor) -> Tensor:
        starts, reach, weights = self._bands(x.shape[3], x.device)
        x, seen = pad(x, (reach, reach + 2)), weights.shape[1]
        bands = [x.narrow(3, s, seen).double() @ k for s, k in zip(starts, weights, strict=True)]
        return torch.cat([_levels(band) for band in bands], dim=3)

    def _down(self, x: Tensor) -> Tensor:
        starts, reach, weights = self._bands(x.shape[2], x.device)
        x, seen = pad(x, (0, 0, reach, reach + 2)), weights.shape[1]
        bands = [k.mT @ x.narrow(2, s, seen).double() for s, k in zip(starts, weights, strict=True)]
        return torch.cat([_levels(band) for band in bands], dim=2)

    def _bands(self, length: int, device: torch.device) -> tuple[list[int], int, Tensor]:
        """Return where each band starts, how far it reaches beyond, and the bands' weights.

        Band j makes its `size / BANDS` output pixels from its part of the input and from `reach`
        pixels on either side. With `reach` pixels of padding it starts at j length / BANDS, and
        all bands are equally long: weights are (band, input pixel, output pixel).
        """
        reach = LOBES * _max(length, self.size) // self.size + 1
        seen = length // BANDS + 2 * reach + 2
        double: dict[str, Any] = {"dtype": torch.float64, "device": device}
        extent = torch.full((), length, **double)
        first = torch.floor(torch.arange(BANDS, **double) * extent / BANDS)
        rows = first[:, None] + torch.arange(seen, **double) - torch.full((), reach, **double) + 0.5
        columns = torch.arange(self.size, **double) + 0.5
        weights = _lanczos(rows[:, :, None], columns.view(BANDS, 1, -1), extent / self.size)
        is_inside = (rows > 0) & (rows < extent)
        weights = torch.where(is_inside[:, :, None], weights, 0.0)
        fixed = torch.floor(weights * (FIXED_POINT / weights.sum(1, keepdim=True)) + 0.5)
        return [j * length // BANDS for j in range(BANDS)], reach, fixed / FIXED_POINT


def _lanczos(rows: Tensor, columns: Tensor, scale: Tensor) -> Tensor:
    """Return sinc(d) sinc(d/3) for |d| < 3: d = (row - column scale) / max(scale, 1).

    With t = pi d / 3 this is sin(t)^2 (3 - 4 sin(t)^2) / (3 t^2), and sin(t) follows from the sines
    of its two terms: no sine per weight.
    """
    pi = scale.new_full((), -1.0).acos()  # the exporter writes math.pi in single precision
    unit = pi / LOBES / scale.clamp(min=1.0)
    row, column = rows * unit, columns * (scale * unit)
    sine = row.sin() * column.cos() - row.cos() * column.sin()
    square, t_square = sine * sine, (row - column).square()
    inside = square * (3.0 - 4.0 * square) / (3.0 * t_square)
    inside = torch.where(t_square < 1e-20, 1.0, inside)
    return torch.where(t_square < pi * pi, inside, 0.0)


def _levels(sums: Tensor) -> Tensor:
    """Round half up and clip to 0..255, as Pillow does after each pass."""
    return (sums + 0.5).clamp(0.0, 255.5).to(torch.uint8)
