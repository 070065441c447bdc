"""Autoencoders of patterns and images: 96 x 96 pixels to a few hundred numbers and back."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.models.grid import mirrored
from xmodkit_saxs_sem.models.phases.blocks import Block, Down, Up

__all__ = ["IMAGE_LATENT", "PATTERN_LATENT", "ImageAutoencoder", "PatternAutoencoder"]

_WIDTHS = (16, 24, 32, 48)
_PLACES = 6  # along each axis of a latent map: 96 / 2^4
_PATTERN, _IMAGE = 8, 7  # channels of the maps
PATTERN_LATENT = _PATTERN * _PLACES**2
IMAGE_LATENT = _IMAGE * _PLACES**2 + 1  # and the area fraction; PairVAE has 288 at this size
_REACH = 4.0  # latents lie within: none can hide much in its digits


class _Autoencoder(nn.Module):
    """Four halvings to maps of 6 x 6 places, and back."""

    def __init__(self, inputs: int, latent: int) -> None:
        super().__init__()
        pairs = list(zip((inputs, *_WIDTHS[:-1]), _WIDTHS, strict=True))
        self.encoder = nn.Sequential()
        for a, b in pairs:
            self.encoder.extend([Down(a, b), Block(b)])
        self.encoder.append(nn.Conv2d(_WIDTHS[-1], latent, 1))
        self.decoder = nn.Sequential(nn.Conv2d(latent, _WIDTHS[-1], 1))
        for a, b in reversed(pairs):
            self.decoder.extend([Block(b), Up(b, a if a != inputs else 1)])

    def encode(self, image: Tensor) -> Tensor:
        """Return latents (N, latent, 6, 6) of images (N, inputs, 96, 96)."""
        return _REACH * torch.tanh(self.encoder(image) / _REACH)

    def decode(self, latent: Tensor) -> Tensor:
        """Return images (N, 96, 96) of latents."""
        out: Tensor = self.decoder(latent)
        return out[:, 0]


class PatternAutoencoder(_Autoencoder):
    """Log intensity on the grid to 288 numbers and back."""

    def __init__(self) -> None:
        super().__init__(2, _PATTERN)

    def encode_pattern(self, log: Tensor, valid: Tensor) -> Tensor:
        """Return latents (N, 8, 6, 6) of patterns (N, 96, 96), measured where `valid`."""
        return self.encode(torch.stack([log * valid, valid], dim=1))

    def decode_pattern(self, latent: Tensor) -> Tensor:
        """Return log intensity (N, 96, 96), alike at q and -q."""
        log = self.decode(latent)
        return (log + mirrored(log)) / 2

    def forward(self, log: Tensor, valid: Tensor) -> Tensor:
        """Return patterns rebuilt (N, 96, 96)."""
        return self.decode_pattern(self.encode_pattern(log, valid))


class ImageAutoencoder(_Autoencoder):
    """Binary images to 252 numbers with their area fraction, and back."""

    def __init__(self) -> None:
        super().__init__(1, _IMAGE)

    def encode_image(self, image: Tensor) -> Tensor:
        """Return latents (N, 253) of images (N, 96, 96) of 0 and 1."""
        share = image.mean(dim=(1, 2))[:, None]
        return torch.cat([self.encode(2 * image[:, None] - 1).flatten(1), share], dim=1)

    def decode_image(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Return the probability of the bright phase (N, 96, 96), and the area fraction (N,)."""
        return torch.sigmoid(self.logits(latent)), latent[:, -1]

    def logits(self, latent: Tensor) -> Tensor:
        """Return logits (N, 96, 96) of the bright phase."""
        return self.decode(latent[:, :-1].reshape(-1, _IMAGE, _PLACES, _PLACES))
