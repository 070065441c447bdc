"""Resample frames of any detector to the models' q grid, inside the graph."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from xmodkit.pair import Sample
from xmodkit_saxs_sem.modalities import Q_GRID, Q_STEP, SAXS, SIZE

__all__ = [
    "LOG_RANGE",
    "FrameToGrid",
    "Gridded",
    "gridded",
    "mirrored",
    "scaled",
    "unscaled",
]

# log10 of intensity over its mean: the least that is told apart, and more than any peak reaches.
LOG_RANGE = (-4.0, 3.0)
_ANNULUS = 0.06, 0.6  # 1/nm: where the mean is taken; beam stop and corners often lack the rest
_TOLD = 0.08, 0.4  # 1/nm: where block copolymers scatter
_LEAST = 0.02  # share of a detector pixel's weight below which a place was not measured


class Gridded(NamedTuple):
    """Frames on the grid (N, G, G): log10 of intensity over its mean, 0 where not `valid` (0 or 1).

    `known` (N,) says whether q is known, `coverage` (N,) which share of the q that matter was
    measured.
    """

    log: Tensor
    valid: Tensor
    known: Tensor
    coverage: Tensor


class FrameToGrid(nn.Module):
    """Frames to a grid of `size` x `size` places over the models' range of q, folded by Friedel.

    Every measured pixel shares its intensity among the four places around it; I(q) = I(-q) of
    films in transmission doubles the counts and fills gaps. Places that fall between the pixels
    of a coarse detector are filled from their neighbours; masked ones are not. A frame without q
    is laid on the grid as it is.
    """

    annulus: Tensor
    told: Tensor
    kernel: Tensor

    def __init__(self, size: int = SIZE) -> None:
        super().__init__()
        self.size = size
        self.step = Q_STEP * SIZE / size
        axis = torch.tensor(Q_GRID[0] + self.step * torch.arange(size).double().numpy())
        q = torch.hypot(axis[:, None], axis)  # (G, G)
        self.register_buffer("annulus", ((q > _ANNULUS[0]) & (q < _ANNULUS[1])).float())
        self.register_buffer("told", ((q > _TOLD[0]) & (q < _TOLD[1])).float())
        taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0])
        self.register_buffer("kernel", (taps[:, None] * taps)[None, None])

    def forward(self, intensity: Tensor, mask: Tensor, qx: Tensor, qy: Tensor) -> Gridded:
        """Return frames (N, row, column) on the grid."""
        known = (qx.abs() + qy.abs()).amax(dim=(1, 2)) > 0  # (N,)
        down, right = self._places(qx, qy, known)
        measured = (mask > 0).float()
        sums = self._splat(down, right, torch.stack([intensity * measured, measured]))
        total, weight = sums + mirrored(sums)  # (N, G, G) each
        reach = self._splat(down, right, torch.ones_like(measured)[None])[0]
        between = (reach + mirrored(reach)) < _LEAST
        around = self._blurred(total), self._blurred(weight)
        total = torch.where(between, around[0], total)
        weight = torch.where(between, around[1], weight)
        valid = (weight > _LEAST).float()
        return self._normalised(total / weight.clamp(min=_LEAST), valid, known)

    def _places(self, qx: Tensor, qy: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Return every pixel's place on the grid (N, row, column), down and to the right."""
        rows = torch.arange(qx.shape[1], device=qx.device)
        columns = torch.arange(qx.shape[2], device=qx.device)
        down = ((rows + 0.5) * (self.size / qx.shape[1]) - 0.5)[None, :, None].expand_as(qx)
        right = ((columns + 0.5) * (self.size / qx.shape[2]) - 0.5)[None, None].expand_as(qx)
        told = known[:, None, None]
        middle = self.size // 2
        return (
            torch.where(told, middle - qy / self.step, down),
            torch.where(told, middle + qx / self.step, right),
        )

    def _splat(self, down: Tensor, right: Tensor, values: Tensor) -> Tensor:
        """Share values (k, N, row, column) among the places around them: (k, N, G, G)."""
        size, (k, n) = self.size, values.shape[:2]
        top, left = torch.floor(down), torch.floor(right)
        below, beyond = down - top, right - left
        flat = torch.zeros(k, n, size * size, dtype=values.dtype, device=values.device)
        for i in (0, 1):
            for j in (0, 1):
                row, column = top + i, left + j
                inside = (row >= 0) & (row < size) & (column >= 0) & (column < size)
                weight = (below if i else 1 - below) * (beyond if j else 1 - beyond) * inside
                place = row.clamp(0, size - 1) * size + column.clamp(0, size - 1)
                index = place.long().flatten(1).expand(k, -1, -1)
                flat = flat.scatter_add(2, index, (values * weight).flatten(2))
        return flat.reshape(k, n, size, size)

    def _blurred(self, image: Tensor) -> Tensor:
        blurred: Tensor = nn.functional.conv2d(image[:, None], self.kernel, padding=2)
        return blurred[:, 0]

    def _normalised(self, intensity: Tensor, valid: Tensor, known: Tensor) -> Gridded:
        counted = self.annulus * valid
        share = counted.sum(dim=(1, 2)).clamp(min=1.0)
        mean = (intensity * counted).sum(dim=(1, 2)) / share
        # A frame whose mean is nothing or less has no signal at all.
        relative = intensity / mean.clamp(min=1e-12)[:, None, None]
        log = torch.log10(relative.clamp(10.0 ** LOG_RANGE[0], 10.0 ** LOG_RANGE[1])) * valid
        coverage = (self.told * valid).sum(dim=(1, 2)) / self.told.sum()
        return Gridded(log, valid, known, coverage)


@torch.no_grad()
def gridded(sample: Sample, grid: FrameToGrid) -> Gridded:
    """Return a sample's frame on a grid, a batch of one."""
    frame = sample.arrays[SAXS.name]
    found: Gridded = grid(*(torch.from_numpy(frame[field.name])[None] for field in SAXS.fields))
    return found


def mirrored(grid: Tensor) -> Tensor:
    """Return a grid (..., G, G) turned by half a turn about its zero, which lies at place G/2."""
    return torch.roll(torch.flip(grid, (-2, -1)), (1, 1), (-2, -1))


def scaled(log: Tensor) -> Tensor:
    """Return log intensity as 0..1, the range a picture of it would span."""
    return ((log - LOG_RANGE[0]) / (LOG_RANGE[1] - LOG_RANGE[0])).clamp(0.0, 1.0)


def unscaled(picture: Tensor) -> Tensor:
    """Return the log intensity of values in 0..1."""
    return LOG_RANGE[0] + (LOG_RANGE[1] - LOG_RANGE[0]) * picture
