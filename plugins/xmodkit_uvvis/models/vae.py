"""Model 1 of Stein et al. 2019: a variational autoencoder of 64 x 64 scanner images.

The published layers give 23,851 parameters, 73 more than the paper prints.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["LATENT", "Decoder", "Encoder", "vae_loss"]

LATENT = 100
SIZE = 64


class Encoder(nn.Module):
    """Image to the mean and log-variance of its latent."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inward, outward in ((3, 8), (8, 16), (16, 4), (4, 4)):
            layers += [nn.Conv2d(inward, outward, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.convolutions = nn.Sequential(*layers)
        self.mean = nn.Linear(64, LATENT)
        self.log_variance = nn.Linear(64, LATENT)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance (N, 100) of images (N, 3, 64, 64) in 0..1."""
        h = self.convolutions(image)  # (N, 4, 4, 4)
        h = h.flatten(1)  # (N, 64)
        return self.mean(h), self.log_variance(h)


class Decoder(nn.Module):
    """Latent back to an image."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(LATENT, 64)
        layers: list[nn.Module] = []
        for inward, outward in ((4, 4), (4, 4), (4, 16), (16, 8)):
            layers += [
                nn.Conv2d(inward, outward, 3, padding=1),
                nn.ReLU(),
                nn.Upsample(scale_factor=2),
            ]
        self.convolutions = nn.Sequential(*layers)
        self.last = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        """Return images (N, 3, 64, 64) in 0..1 of latents (N, 100)."""
        h = torch.relu(self.dense(latent)).reshape(-1, 4, 4, 4)
        h = self.convolutions(h)  # (N, 8, 64, 64)
        return torch.sigmoid(self.last(h))


def vae_loss(encoder: Encoder, decoder: Decoder, image: Tensor, *, sample: bool) -> Tensor:
    """Return binary cross-entropy summed over an image's pixels plus KL, mean over the batch.

    With `sample` the latent is drawn (training), otherwise its mean is used (a = 0).
    """
    mean, log_variance = encoder(image)
    latent = mean
    if sample:
        latent = mean + torch.randn_like(mean) * torch.exp(log_variance / 2)
    rebuilt = decoder(latent)
    cross_entropy = nn.functional.binary_cross_entropy(rebuilt, image) * image[0].numel()
    kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(dim=1).mean()
    return cross_entropy + kl
