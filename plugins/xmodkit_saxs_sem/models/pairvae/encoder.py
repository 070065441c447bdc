"""The trainable heads of PairVAE's encoders: features to Gaussians at every place."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["CHANNELS", "Encoder", "Posterior"]

CHANNELS = 32  # of the latent
_SPREAD = 0.05  # of Keras' random_normal


class Posterior(NamedTuple):
    """Independent Gaussians: mean and deviation, (N, 32, n, n) each."""

    mean: Tensor
    scale: Tensor

    def draw(self) -> Tensor:
        """Return one sample of each."""
        return self.mean + self.scale * torch.randn_like(self.mean)


class Encoder(nn.Module):
    """Two dense layers at every place of a feature map: features -> 32, ReLU -> 64."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(
            nn.Conv2d(features, CHANNELS, 1), nn.ReLU(), nn.Conv2d(CHANNELS, 2 * CHANNELS, 1)
        )
        for layer in self.dense:
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=_SPREAD)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Posterior:
        """Return the latent's distribution for features (N, k, n, n)."""
        mean, raw = self.dense(features).chunk(2, dim=1)
        return Posterior(mean, nn.functional.softplus(raw))
