"""What stands beside a predicted spectrum: how far it may be off, and how unlike its input is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Novelty", "ScaleHead", "scale_loss"]

_WIDTH = 64
_LEAST = 0.05  # of the median: what varies less counts as varying so much
_SMALLEST = 1e-2  # of the largest variance: directions below are rounding, or were hardly seen


class ScaleHead(nn.Module):
    """The expected absolute error of each channel, for the bounds to be in proportion to."""

    base: Tensor

    def __init__(self, features: int, channels: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(
            nn.Linear(features, _WIDTH), nn.SiLU(), nn.Linear(_WIDTH, channels)
        )
        self.register_buffer("base", torch.ones(channels))

    def fit(self, error: Tensor) -> None:
        """Take each channel's mean absolute error of training rows (N, channels)."""
        mean = error.abs().mean(dim=0)
        # Never 0: a channel without any error would get bounds without any width.
        self.base.copy_(mean.clamp(min=max(_LEAST * float(mean.mean()), 1e-12)))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, channels) of standardised features (N, features)."""
        # Within a factor of ten: what a head learned of familiar rows says little of others.
        relative: Tensor = torch.exp(2.3 * torch.tanh(self.dense(x)))
        return relative * self.base


def scale_loss(scale: Tensor, error: Tensor) -> Tensor:
    """Return the Laplace likelihood's loss: its best scale is the expected absolute error."""
    return (scale.log() + error.abs() / scale).mean()


class Novelty(nn.Module):
    """Squared Mahalanobis distance of descriptors from the training rows', per feature."""

    mean: Tensor
    covariance: Tensor
    whiten: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("covariance", torch.eye(size))
        self.register_buffer("whiten", torch.eye(size))

    def fit(self, rows: Tensor) -> None:
        """Take mean and covariance of training rows (N, size), shrunk a little.

        A feature that was constant is given a small spread: whatever changes it is novel.
        """
        rows = rows.double()
        mean, spread = rows.mean(dim=0), rows.std(dim=0, correction=0)
        varying = spread[spread > 1e-6 * (mean.abs() + 1e-6)]
        least = _LEAST * float(varying.median()) if len(varying) else 1.0
        spread = spread.clamp(min=least)
        scaled = (rows - mean) / spread
        values, vectors = torch.linalg.eigh(scaled.T @ scaled / len(rows))
        values = values.clamp(min=max(float(values.max()) * _SMALLEST, 1e-12))
        self.mean.copy_(mean)
        self.covariance.copy_((rows - mean).T @ (rows - mean) / len(rows))
        self.whiten.copy_(vectors / values.sqrt() / spread[:, None])

    def forward(self, rows: Tensor) -> Tensor:
        """Return the mean squared whitened feature (N,): about 1 for familiar rows."""
        whitened: Tensor = (rows - self.mean) @ self.whiten
        return (whitened**2).mean(dim=1)
