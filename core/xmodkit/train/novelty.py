"""How unlike the training rows a row is: the Mahalanobis distance of its features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["MahalanobisNovelty"]

_SMALL = 1e-4


class MahalanobisNovelty(nn.Module):
    """Squared Mahalanobis distance from the training rows, per feature."""

    mean: Tensor
    whiten: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("whiten", torch.eye(size))

    def fit(self, features: Tensor) -> None:
        """Take mean and covariance of training features (N, size), shrunk a little."""
        features = features.double()
        mean, spread = features.mean(dim=0), features.std(dim=0) + _SMALL
        scaled = (features - mean) / spread
        values, vectors = torch.linalg.eigh(scaled.T @ scaled / len(features))
        # A floor: directions that hardly vary would turn rounding errors into novelty.
        values = values.clamp(min=float(values.max()) * 1e-3)
        self.mean.copy_(mean.float())
        self.whiten.copy_((vectors / values.sqrt() / spread[:, None]).float())

    def forward(self, features: Tensor) -> Tensor:
        """Return the mean squared whitened feature (N,): about 1 for familiar samples."""
        whitened: Tensor = (features - self.mean) @ self.whiten
        return (whitened**2).mean(dim=1)
