"""What a scanner image says of a drop before anything is learned: its optical density."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from xmodkit_uvvis.models.vae import SIZE

__all__ = ["OpticalDensity"]

# Rings about the crop's centre, in half-widths of the crop; the last one is bare glass.
_EDGES = (0.0, 0.14, 0.29, 0.38, 0.46, 0.51, 0.57, 0.63, 0.69, 0.76, 0.90, 2.0)
_DARK = 0.01  # of white: stray light and noise of the sensor, below which density says nothing
_SMOOTH = 1e-5  # squared density: the sensor's noise within a ring is 1e-4
_BLOCKS = 16
_FIRST, _SECOND = (0, 1, 2, 0, 1, 0), (0, 1, 2, 1, 2, 2)  # pairs of channels


class OpticalDensity(nn.Module):
    """Optical density of R, G and B: as a map, and as means and covariances in rings.

    Density is -ln(I / I_glass) in linear light (Beer and Lambert): the bare glass in the corners
    takes out exposure and white balance, the logarithm turns film thickness into a factor, and
    the spread within a ring says how colour runs with thickness.
    """

    size = (len(_EDGES) - 1) * (3 + 3 + 6) + 3  # of a profile: light, density, spreads, glass
    means = (len(_EDGES) - 1) * (3 + 3)  # of it: light and density, the mean of each ring
    light_of_level: Tensor
    rings: Tensor
    member: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("light_of_level", _linear_light())
        rings = _rings()
        self.register_buffer("rings", rings.reshape(_BLOCKS, -1, rings.shape[1]))
        self.register_buffer("member", (rings.T > 0).float())

    def forward(self, level: Tensor) -> tuple[Tensor, Tensor]:
        """Return profile (N, 135) and map (N, 3, 32, 32) of sRGB levels (N, 3, 64, 64), 0..255."""
        light = self.light_of_level[level.long()].flatten(2)  # (N, 3, 4096), white 1
        seen = self._means(light)  # (N, 3, rings)
        glass = torch.log(seen[:, :, -1:] + _DARK)
        density = glass - torch.log(light + _DARK)
        mean = self._means(density)  # (N, 3, rings)
        # Centred first: a difference of two large means would lose the small spreads to rounding.
        centred = density - mean @ self.member  # (N, 3, 4096)
        covariance = self._means(centred[:, _FIRST] * centred[:, _SECOND])  # (N, 6, rings)
        spread = covariance / (covariance.abs() + _SMOOTH).sqrt()  # signed root, smooth at zero
        profile = torch.cat([part.flatten(1) for part in (seen, mean, spread, glass)], dim=1)
        return profile, nn.functional.avg_pool2d(density.reshape(-1, 3, SIZE, SIZE), 2)

    def _means(self, pixels: Tensor) -> Tensor:
        """Return the mean over each ring, (N, c, rings), of pixels (N, c, 4096).

        In blocks: one sum over all pixels loses two digits in single precision.
        """
        channels = pixels.shape[1]
        blocks = pixels.reshape(-1, _BLOCKS, SIZE * SIZE // _BLOCKS).transpose(0, 1)
        found = (blocks @ self.rings).sum(dim=0)  # (N * c, rings)
        return found.reshape(-1, channels, self.rings.shape[2])


def _linear_light() -> Tensor:
    """Return linear light of the 256 sRGB levels (IEC 61966-2-1)."""
    level = torch.arange(256) / 255.0
    return torch.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def _rings() -> Tensor:
    """Return what averages pixels over each ring: (4096, rings), columns sum to one."""
    axis = (torch.arange(SIZE) - (SIZE - 1) / 2) / (SIZE / 2)
    radius = torch.hypot(axis[:, None], axis[None, :]).flatten()
    edges = zip(_EDGES, (*_EDGES[1:-1], math.inf), strict=False)
    rings = torch.stack([((radius >= a) & (radius < b)).float() for a, b in edges], dim=1)
    return rings / rings.sum(dim=0)
