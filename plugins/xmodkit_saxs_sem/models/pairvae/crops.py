"""Crops of binary fields: where they lie, and what the frozen encoder makes of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

__all__ = ["CropFeatures", "common_corner", "crop_at", "crop_each"]

Corner = tuple[int, int]


def common_corner(room: tuple[int, int], *seed: int) -> Corner:
    """Return the upper left corner (y, x), uniform below `room`, that follows from the seed."""
    rng = np.random.default_rng(seed)
    down, right = (int(rng.integers(max(1, extent))) for extent in room)
    return down, right


def crop_at(fields: Tensor, corner: Corner, size: int) -> Tensor:
    """Return the same crop (N, size, size) of all fields (N, y, x)."""
    down, right = corner
    return fields[:, down : down + size, right : right + size].float()


def crop_each(fields: Tensor, size: int) -> Tensor:
    """Return a crop (N, size, size) of every field, each with a corner of its own."""
    room = (fields.shape[1] - size + 1, fields.shape[2] - size + 1)
    downs, rights = (torch.randint(extent, (len(fields),)).tolist() for extent in room)
    crops = [
        field[down : down + size, right : right + size]
        for field, down, right in zip(fields, downs, rights, strict=True)
    ]
    return torch.stack(crops).float()


class CropFeatures:
    """Remembers the frozen features of every row's crop, for as long as the corner stays."""

    def __init__(self, features_of: Callable[[Tensor], Tensor]) -> None:
        self.features_of = features_of
        self.corner: Corner | None = None
        self.known: dict[int, Tensor] = {}

    def at(self, corner: Corner, rows: Tensor, crops: Tensor) -> Tensor:
        """Return the features (N, k, n, n) of rows (N,) and their crops (N, size, size)."""
        if corner != self.corner:
            self.corner, self.known = corner, {}
        numbers = rows.tolist()
        if not self.known.keys() >= set(numbers):
            self.known.update(zip(numbers, self.features_of(crops), strict=True))
        return torch.stack([self.known[number] for number in numbers])
