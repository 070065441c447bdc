"""What PairVAE's graphs know of the training rows beside weights: spreads, what is familiar."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Familiar", "TrainingRows"]

_LEAST = 1e-3


class Familiar(nn.Module):
    """How far a sample's mean features lie from those of the training rows."""

    mean: Tensor
    spread: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("spread", torch.ones(features))

    def fit(self, features: Tensor) -> None:
        """Take mean and deviation of each feature over training rows (N, k, n, n)."""
        pooled = features.mean(dim=(2, 3))
        self.mean.copy_(pooled.mean(dim=0))
        self.spread.copy_(pooled.std(dim=0, correction=0).clamp(min=_LEAST))

    def forward(self, features: Tensor) -> Tensor:
        """Return the mean squared standardised feature (N,): about 1 for familiar samples."""
        pooled = features.mean(dim=(2, 3))
        return ((pooled - self.mean) / self.spread).square().mean(dim=1)


class TrainingRows(nn.Module):
    """The spread of latents over training rows, familiar features, and what detectors measured."""

    deviation: Tensor
    seen: Tensor

    def __init__(self, features: int, latent: tuple[int, int, int], size: int) -> None:
        super().__init__()
        self.saxs, self.sem = Familiar(features), Familiar(features)
        self.register_buffer("deviation", torch.ones(latent))  # of SAXS latents
        self.register_buffer("seen", torch.ones(size, size))  # 1 where any row was measured
