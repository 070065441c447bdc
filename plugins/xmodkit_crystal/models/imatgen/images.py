"""Autoencoders of voxel images as published: CELL (32^3 to 20 numbers), BASIS (64^3 to 200).

Source: Noh et al., Matter 1, 1370 (2019), supplement; padding as in public re-implementations.
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn

__all__ = [
    "BASIS_LATENT",
    "CELL_LATENT",
    "ImageAutoencoder",
    "basis_autoencoder",
    "cell_autoencoder",
]

CELL_LATENT, BASIS_LATENT = 20, 200
_WIDTH = 64
_SLOPE = 0.2


class ImageAutoencoder(nn.Module):
    """One voxel image to a vector within -1..1 and back: strides of 2, then one full kernel.

    An image of 4 * 2^halvings voxels along each edge becomes 4^3, then 1^3 of `latent` channels.
    """

    def __init__(self, latent: int, halvings: int, width: int = _WIDTH) -> None:
        super().__init__()
        widths = [1, *[width] * halvings]
        down = [
            layer
            for before, after in itertools.pairwise(widths)
            for layer in (nn.Conv3d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(_SLOPE))
        ]
        self.encoder = nn.Sequential(*down, nn.Conv3d(width, latent, 4), nn.Tanh())
        up: list[nn.Module] = [nn.ConvTranspose3d(latent, width, 4), nn.LeakyReLU(_SLOPE)]
        for _ in range(halvings - 1):
            up += [nn.ConvTranspose3d(width, width, 4, stride=2, padding=1), nn.LeakyReLU(_SLOPE)]
        last = nn.ConvTranspose3d(width, 1, 4, stride=2, padding=1)
        self.decoder = nn.Sequential(*up, last, nn.Sigmoid())

    def encode(self, image: Tensor) -> Tensor:
        """Return vectors (B, latent) of images (B, N, N, N)."""
        code: Tensor = self.encoder(image[:, None])  # (B, latent, 1, 1, 1)
        return code.flatten(1)

    def decode(self, code: Tensor) -> Tensor:
        """Return images (B, N, N, N) of vectors (B, latent)."""
        image: Tensor = self.decoder(code[:, :, None, None, None])  # (B, 1, N, N, N)
        return image[:, 0]

    def forward(self, image: Tensor) -> Tensor:
        """Return reconstructed images (B, N, N, N)."""
        return self.decode(self.encode(image))


def cell_autoencoder() -> ImageAutoencoder:
    """Return the network of cell images: 32, 16, 8, 4, 1; 1,221,013 parameters."""
    return ImageAutoencoder(CELL_LATENT, halvings=3)


def basis_autoencoder() -> ImageAutoencoder:
    """Return the network of all species' images: 64, 32, 16, 8, 4, 1; 3,220,169 parameters.

    The supplement says 500 numbers once; its channels and its decoder say 200.
    """
    return ImageAutoencoder(BASIS_LATENT, halvings=4)
