"""From an image's power to what the whole film scatters: speckle smoothed, physics learned."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.modalities import SIZE
from xmodkit_saxs_sem.models.grid import mirrored
from xmodkit_saxs_sem.models.phases.blocks import UNet
from xmodkit_saxs_sem.models.phases.fourier import PowerSpectrum

__all__ = ["Scatterer"]


class Scatterer(nn.Module):
    """Binary tiles to log10 intensity over its mean, and the logarithm of its error."""

    radius: Tensor
    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.power = PowerSpectrum()
        axis = (torch.arange(SIZE) - SIZE // 2).float() / (SIZE // 2)
        self.register_buffer("radius", torch.hypot(axis[:, None], axis))
        taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0])
        self.register_buffer("taps", (taps[:, None] * taps / 256)[None, None])
        self.network = UNet(6, 2, (16, 32, 48))

    def forward(self, tiles: Tensor) -> tuple[Tensor, Tensor]:
        """Return log intensity and log error (N, 96, 96), symmetric, of tiles (N, t, 96, 96)."""
        power = self.power(tiles).clamp(min=1e-6)
        once = self._smoothed(power)
        twice = self._smoothed(self._smoothed(once))
        mean = torch.log10(once).mean(dim=(1, 2), keepdim=True)
        logs = [torch.log10(image) - mean for image in (power, once, twice)]
        ring = self.radius.expand_as(power)
        count = torch.full_like(ring, 1 / tiles.shape[1])
        out = self.network(torch.stack([*logs, ring, torch.log(ring + 0.02), count], dim=1))
        log, error = logs[1] + out[:, 0], -2.0 + out[:, 1]
        return (log + mirrored(log)) / 2, (error + mirrored(error)) / 2

    def _smoothed(self, image: Tensor) -> Tensor:
        out: Tensor = nn.functional.conv2d(
            nn.functional.pad(image[:, None], (2, 2, 2, 2), mode="circular"), self.taps
        )
        return out[:, 0]
