"""Cut tiles of one size and one pixel out of micrographs of any, inside the graph."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.modalities import FIELD_NM, SEM_PIXEL_NM

__all__ = ["MARGIN", "TILE", "Tiles", "resampling"]

TILE = round(FIELD_NM / SEM_PIXEL_NM)  # pixels of 2 nm
MARGIN = 16  # around a tile: what binarising with a window of 25 pixels looks at


class Tiles(nn.Module):
    """`rows` x `columns` tiles of 384 nm in pixels of 2 nm, spread over the micrograph.

    One alone lies in the middle. They overlap where the field is small. Grey levels are averaged
    over the larger of the two pixels.
    """

    def __init__(self, rows: int = 1, columns: int = 1) -> None:
        super().__init__()
        self.rows, self.columns = rows, columns

    def forward(self, micrograph: Tensor, pixel_nm: Tensor) -> Tensor:
        """Return levels (N, tiles, 224, 224) of micrographs uint8 (N, y, x), pixels (N,) in nm."""
        levels = micrograph.float()
        down = self._matrix(levels.shape[1], self.rows, pixel_nm)  # (N, rows * 224, y)
        right = self._matrix(levels.shape[2], self.columns, pixel_nm)  # (N, columns * 224, x)
        cut = down @ levels @ right.transpose(1, 2)
        side = TILE + 2 * MARGIN
        tiles = cut.reshape(-1, self.rows, side, self.columns, side).transpose(2, 3)
        return torch.floor(tiles.reshape(-1, self.rows * self.columns, side, side) + 0.5)

    def _matrix(self, extent: int, tiles: int, pixel_nm: Tensor) -> Tensor:
        """Return weights (N, tiles * 224, extent) of an axis' pixels in those of the tiles."""
        room = extent - FIELD_NM / pixel_nm  # (N,) pixels that a tile can be moved by
        part = torch.linspace(0, 1, tiles) if tiles > 1 else torch.tensor([0.5])
        first = torch.floor(room.clamp(min=0.0)[:, None] * part.to(room) + 1e-3)  # (N, tiles)
        ratio = SEM_PIXEL_NM / pixel_nm  # (N,)
        steps = torch.arange(TILE + 2 * MARGIN, device=room.device) - MARGIN + 0.5
        places = first[:, :, None] + (steps * ratio[:, None, None] - 0.5)  # (N, tiles, 224)
        return resampling(places.flatten(1), extent, ratio)


def resampling(places: Tensor, extent: int, ratio: Tensor) -> Tensor:
    """Return weights (N, places, extent) of pixels around places (N, places) of an axis.

    A triangle, as wide as the larger pixel: `ratio` (N,) is the new pixel over the old one.
    Beyond its ends the axis goes on as its last pixel.
    """
    inside = places.clamp(0.0, extent - 1.0)
    distance = (inside[:, :, None] - torch.arange(extent, device=places.device)).abs()
    weights = (1 - distance / ratio.clamp(min=1.0)[:, None, None]).clamp(min=0.0)
    return weights / weights.sum(dim=2, keepdim=True)
