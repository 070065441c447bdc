"""The materials generator (MG): vectors of a cell and of up to five species to one latent vector.

Source: Noh et al., Matter 1, 1370 (2019), supplement: kernels {4, 4, 4, 1}, strides {2, 2, 2, 1}.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_crystal.models.imatgen.images import BASIS_LATENT, CELL_LATENT

__all__ = ["MOST_SPECIES", "MaterialVae", "Z", "stacked_vectors"]

MOST_SPECIES = 5
Z = 500
_SHORT = BASIS_LATENT // 8  # what three strides of 2 leave of a vector
_WIDTH, _NARROW = 100, 50
_SLOPE = 0.2


def stacked_vectors(cell: Tensor, basis: Tensor) -> Tensor:
    """Return the six channels (B, 6, 200): species (B, 5, 200), then the cell (B, 20), padded."""
    padded = nn.functional.pad(cell, (0, BASIS_LATENT - CELL_LATENT))
    return torch.cat([basis, padded[:, None]], dim=1)


class MaterialVae(nn.Module):
    """A variational autoencoder of six channels, and a classifier of stability on its latent.

    `delta` scales the noise of z = mu + delta sigma eps: 1e-4 as published, nearly none.
    """

    def __init__(self, delta: float = 1e-4) -> None:
        super().__init__()
        self.delta = delta
        channels = MOST_SPECIES + 1
        self.encoder = nn.Sequential(
            nn.Conv1d(channels, _WIDTH, 4, stride=2, padding=1), nn.LeakyReLU(_SLOPE),  # 200 to 100
            nn.Conv1d(_WIDTH, _WIDTH, 4, stride=2, padding=1), nn.LeakyReLU(_SLOPE),  # to 50
            nn.Conv1d(_WIDTH, _WIDTH, 4, stride=2, padding=1), nn.LeakyReLU(_SLOPE),  # to 25
            nn.Conv1d(_WIDTH, _NARROW, 1), nn.LeakyReLU(_SLOPE), nn.Flatten(),
        )  # fmt: skip
        self.mean = nn.Linear(_NARROW * _SHORT, Z)
        self.log_variance = nn.Linear(_NARROW * _SHORT, Z)
        self.decoder = nn.Sequential(
            nn.Linear(Z, _NARROW * _SHORT), nn.LeakyReLU(_SLOPE),
            nn.Unflatten(1, (_NARROW, _SHORT)),
            nn.ConvTranspose1d(_NARROW, _WIDTH, 1), nn.LeakyReLU(_SLOPE),
            nn.ConvTranspose1d(_WIDTH, _WIDTH, 4, stride=2, padding=1), nn.LeakyReLU(_SLOPE),
            nn.ConvTranspose1d(_WIDTH, _WIDTH, 4, stride=2, padding=1), nn.LeakyReLU(_SLOPE),
            nn.ConvTranspose1d(_WIDTH, channels, 4, stride=2, padding=1), nn.Tanh(),
        )  # fmt: skip
        self.classifier = nn.Sequential(nn.Linear(Z, Z), nn.Tanh(), nn.Linear(Z, 1))

    def encode(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance (B, 500) of stacked vectors (B, 6, 200)."""
        features = self.encoder(vectors)  # (B, 1250)
        return self.mean(features), self.log_variance(features)

    def sample(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Return z (B, 500), drawn with the published, small noise."""
        return mean + self.delta * torch.exp(log_variance / 2) * torch.randn_like(mean)

    def decode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the vectors of cells (B, 20) and of species (B, 5, 200) of z (B, 500)."""
        vectors = self.decoder(z)  # (B, 6, 200)
        return vectors[:, -1, :CELL_LATENT], vectors[:, :-1]

    def stability(self, z: Tensor) -> Tensor:
        """Return the logit (B,) of being stable."""
        logit: Tensor = self.classifier(z)
        return logit[:, 0]
