"""What says how unlike the training images an image is: statistics that models forget."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["ImageStatistics", "RebuiltStatistics"]

_EDGE = 4  # pixels of the border ring, where bare glass is expected
_LEAST = 1e-6  # a quarter of a level, squared: what lies below is rounding


class ImageStatistics(nn.Module):
    """What models of a drop forget: the border's colour, sharpness and spread."""

    size = 12 + 9 + 3  # 4 sides x 3 channels, 3 scales of detail in 3 channels, spread of 3

    def __init__(self) -> None:
        super().__init__()
        self.laplacian = _laplacian()

    def forward(self, image: Tensor) -> Tensor:
        """Return (N, 24) statistics of images (N, 3, 64, 64) in 0..1."""
        sides = [
            image[:, :, :_EDGE].mean(dim=(2, 3)),
            image[:, :, -_EDGE:].mean(dim=(2, 3)),
            image[:, :, :, :_EDGE].mean(dim=(2, 3)),
            image[:, :, :, -_EDGE:].mean(dim=(2, 3)),
        ]  # 4 x (N, 3)
        centred = image - image.mean(dim=(2, 3), keepdim=True)
        spread = _log((centred**2).mean(dim=(2, 3)))  # (N, 3)
        return torch.cat([*sides, self._detail(image), spread], dim=1)

    def _detail(self, image: Tensor) -> Tensor:
        """Return the log energy of the Laplacian at 64, 32 and 16 pixels: (N, 9).

        Of grey and of two colour differences, which heavy compression wipes out first.
        """
        energies = []
        for _ in range(3):
            energies.append(_log((self.laplacian(image) ** 2).mean(dim=(2, 3))))
            image = nn.functional.avg_pool2d(image, 2)
        return torch.cat(energies, dim=1)


class RebuiltStatistics(ImageStatistics):
    """The statistics of an image, and what a decoder could not rebuild of it."""

    size = ImageStatistics.size + 3

    def forward(self, image: Tensor, rebuilt: Tensor) -> Tensor:  # type: ignore[override]
        """Return (N, 27) statistics of images and their reconstructions, both (N, 3, 64, 64)."""
        error = _log(((image - rebuilt) ** 2).mean(dim=(2, 3)))  # (N, 3)
        return torch.cat([super().forward(image), error], dim=1)


def _laplacian() -> nn.Conv2d:
    """Return the fixed convolution to the Laplacians of grey, red - green and blue - green."""
    mix = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [1.0, -1.0, 0.0], [0.0, -1.0, 1.0]])
    stencil = torch.tensor([[0.0, 0.25, 0.0], [0.25, -1.0, 0.25], [0.0, 0.25, 0.0]])
    convolution = nn.Conv2d(3, 3, 3, bias=False).requires_grad_(False)
    convolution.weight.copy_(mix[:, :, None, None] * stencil)
    return convolution


def _log(square: Tensor) -> Tensor:
    # A clamp, not a small number added: the exporter's optimiser takes 1e-8 for zero.
    return torch.log(square.clamp(min=_LEAST))
