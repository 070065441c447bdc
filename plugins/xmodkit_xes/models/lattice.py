"""A lattice through the targets: where a bottleneck of one or two scores may start.

A curve that winds through a cloud, or a bent sheet, is hard to find by gradient from a random
start. Kohonen's self-organising map (Biol. Cybern. 43, 59 (1982)), in its batch form, finds one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Lattice"]

_SWEEPS = 60
_LAST_WIDTH = 0.7  # of the neighbourhood, in nodes


class Lattice:
    """Nodes in a row (k = 1) or a square (k = 2) laid through targets (N, m)."""

    def __init__(self, y: Tensor, nodes: int, k: int) -> None:
        line = torch.arange(nodes, dtype=y.dtype)
        self.grid = torch.cartesian_prod(*[line] * k).reshape(-1, k)  # (nodes^k, k)
        self.places = torch.randn(len(self.grid), y.shape[1]) * y.std(dim=0) + y.mean(dim=0)
        apart = torch.cdist(self.grid, self.grid)
        for sweep in range(_SWEEPS):
            width = nodes / 3 * (3 * _LAST_WIDTH / nodes) ** (sweep / (_SWEEPS - 1))
            nearest = nn.functional.one_hot(self._nearest(y), len(self.grid)).to(y.dtype)
            near = torch.exp(-(apart**2) / (2 * width**2))  # (nodes^k, nodes^k)
            weight = (near @ nearest.sum(dim=0)).clamp(min=1e-9)
            self.places = near @ (nearest.T @ y) / weight[:, None]
        scores = self.grid[self._nearest(y)]
        self.mean, self.scale = scores.mean(dim=0), scores.std(dim=0).clamp(min=1e-9)

    def scores(self, y: Tensor) -> Tensor:
        """Return where targets lie on the lattice (N, k), with mean 0 and variance 1.

        Along a row that is continuous: the foot of the perpendicular on the nearest segment.
        """
        found = self.grid[self._nearest(y)]
        if self.grid.shape[1] == 1:
            found = self._feet(y)
        return (found - self.mean) / self.scale

    def _nearest(self, y: Tensor) -> Tensor:
        return torch.cdist(y, self.places).argmin(dim=1)

    def _feet(self, y: Tensor) -> Tensor:
        start, along = self.places[:-1], self.places.diff(dim=0)  # (nodes - 1, m)
        length = (along**2).sum(dim=1).clamp(min=1e-12)
        share = ((y @ along.T - (start * along).sum(dim=1)) / length).clamp(0, 1)  # (N, nodes - 1)
        foot = start + share[:, :, None] * along  # (N, nodes - 1, m)
        segment = ((y[:, None] - foot) ** 2).sum(dim=2).argmin(dim=1, keepdim=True)
        return segment + share.gather(1, segment)
