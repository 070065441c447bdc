"""How unlike the training samples a frame or a micrograph is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit.train.novelty import MahalanobisNovelty
from xmodkit_saxs_sem.modalities import SIZE
from xmodkit_saxs_sem.models.grid import Gridded, mirrored
from xmodkit_saxs_sem.models.statistics import lineal_path, two_point

__all__ = ["FamiliarImage", "FamiliarPattern"]

_FAR = 2.0  # spreads of log q* from its mean that count as a novelty of 1
_LENGTHS = 12  # of lineal paths and of S(r): beyond, all is long-range order


class FamiliarPattern(nn.Module):
    """Mahalanobis distance of ring features, roughness and what of a pattern was measured.

    A peak far from those of training counts by itself: one feature of a hundred is soon averaged
    away.
    """

    peak: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.distance = MahalanobisNovelty(features + 3)
        self.register_buffer("peak", torch.tensor([0.0, 1.0]))  # mean and spread of log q*

    def fit(self, found: Gridded, features: Tensor) -> None:
        """Take what training patterns look like, and where their peaks lie."""
        self.distance.fit(self.statistics(found, features))
        place = features[:, -1]
        self.peak.copy_(torch.stack([place.mean(), place.std(correction=0)]))

    def statistics(self, found: Gridded, features: Tensor) -> Tensor:
        """Return (N, k) statistics of patterns with their ring features."""
        log, valid = found.log, found.valid
        right = torch.roll(log, 1, 2) - log
        both = torch.roll(valid, 1, 2) * valid
        rough = (right.abs() * both).sum(dim=(1, 2)) / both.sum(dim=(1, 2)).clamp(min=1.0)
        odd = ((mirrored(log) - log).abs() * valid).mean(dim=(1, 2))
        told = torch.stack([rough, odd, found.coverage], dim=1)
        return torch.cat([features, told], dim=1)

    def forward(self, found: Gridded, features: Tensor) -> Tensor:
        """Return the novelty (N,): about 1 for familiar patterns."""
        away = (features[:, -1] - self.peak[0]) / self.peak[1]
        return torch.maximum(self.distance(self.statistics(found, features)), (away / _FAR) ** 2)


class FamiliarImage(nn.Module):
    """Mahalanobis distance of a micrograph's noise and of its binary tiles' statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.distance = MahalanobisNovelty(3 * _LENGTHS + 3)

    def statistics(self, levels: Tensor, tiles: Tensor) -> Tensor:
        """Return (N, 39) statistics of tiles: levels (N, t, y, x), binary (N, t, 96, 96)."""
        inner = levels / 255.0
        contrast = torch.log(inner.var(dim=(2, 3), correction=0).clamp(min=1e-6))
        step = inner[:, :, 1:, 1:] - inner[:, :, 1:, :-1] - inner[:, :, :-1, 1:]
        noise = torch.log(((step + inner[:, :, :-1, :-1]) ** 2).mean(dim=(2, 3)).clamp(min=1e-6))
        flat = tiles.reshape(-1, SIZE, SIZE)
        curves = [two_point(flat), lineal_path(flat, True), lineal_path(flat, False)]
        shapes = torch.cat([curve[:, :_LENGTHS] for curve in curves], dim=1)
        shapes = shapes.reshape(-1, tiles.shape[1], 3 * _LENGTHS).mean(dim=1)
        level = inner.mean(dim=(1, 2, 3))
        grey = torch.stack([contrast.mean(dim=1), noise.mean(dim=1), level], dim=1)
        return torch.cat([shapes, grey], dim=1)

    def forward(self, levels: Tensor, tiles: Tensor) -> Tensor:
        """Return the novelty (N,): about 1 for familiar micrographs."""
        out: Tensor = self.distance(self.statistics(levels, tiles))
        return out
