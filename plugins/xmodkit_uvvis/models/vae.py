"""Model 1 of Stein et al. 2019: a variational autoencoder of 64 x 64 scanner images.

The published layers give 23,851 parameters, 73 more than the paper prints.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = [
    "LATENT",
    "SIZE",
    "Decoder",
    "Encoder",
    "draw",
    "glorot",
    "negative_elbo",
    "vae_loss",
]

LATENT = 100
SIZE = 64


def glorot(network: nn.Module) -> None:
    """Start as Keras does, uniform Glorot weights and no biases: torch's start loses the latent."""
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


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

    def logits(self, latent: Tensor) -> Tensor:
        """Return images before the sigmoid."""
        h = torch.relu(self.dense(latent)).reshape(-1, 4, 4, 4)
        h = self.convolutions(h)  # (N, 8, 64, 64)
        out: Tensor = self.last(h)
        return out

    def forward(self, latent: Tensor) -> Tensor:
        """Return images (N, 3, 64, 64) in 0..1 of latents (N, 100)."""
        return torch.sigmoid(self.logits(latent))


def vae_loss(encoder: Encoder, decoder: Decoder, image: Tensor, *, sample: bool) -> Tensor:
    """Return binary cross-entropy summed over an image's pixels plus KL, mean over the batch.

    With `sample` the latent is drawn (training), otherwise its mean is used (a = 0).
    """
    # Half precision trains at twice the speed here; sums stay in single precision.
    with torch.autocast("cpu", torch.bfloat16, enabled=sample):
        mean, log_variance = encoder(image.contiguous(memory_format=torch.channels_last))
        logits = decoder.logits(draw(mean, log_variance) if sample else mean)
    return negative_elbo(mean, log_variance, logits, image)


def draw(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return a latent drawn from its posterior."""
    return mean + torch.randn_like(mean) * torch.exp(log_variance / 2)


def negative_elbo(
    mean: Tensor, log_variance: Tensor, logits: Tensor, image: Tensor, beta: float = 1.0
) -> Tensor:
    """Return cross-entropy x pixels + beta x KL of a decoded batch, in single precision."""
    mean, log_variance, logits = mean.float(), log_variance.float(), logits.float()
    pixels = image[0].numel()
    cross_entropy = nn.functional.binary_cross_entropy_with_logits(logits, image) * pixels
    kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(dim=1).mean()
    loss: Tensor = cross_entropy + beta * kl
    return loss
