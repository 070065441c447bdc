"""From a scattering pattern to the power spectrum and the area fraction of the image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.modalities import SIZE
from xmodkit_saxs_sem.models.grid import mirrored
from xmodkit_saxs_sem.models.phases.blocks import UNet
from xmodkit_saxs_sem.models.phases.fourier import PERIODIC, to_periodic

__all__ = ["FractionHead", "PowerHead"]

_DECADE = 2.302585


class PowerHead(nn.Module):
    """A pattern on its grid to the log power of the image, on the finer grid of random fields.

    Scattering is that power times what instrument and interfaces do to it: the network corrects.
    `measured` (96, 96) is 1 where most training frames were measured.
    """

    finer: Tensor
    radius: Tensor
    off_centre: Tensor
    measured: Tensor

    def __init__(self) -> None:
        super().__init__()
        axis = (torch.arange(PERIODIC) - PERIODIC // 2).float() / (PERIODIC // 2)
        radius = torch.hypot(axis[:, None], axis)
        self.register_buffer("finer", to_periodic())
        self.register_buffer("radius", radius)
        self.register_buffer("off_centre", (radius > 0).float())
        self.register_buffer("measured", torch.ones(SIZE, SIZE))
        self.network = UNet(4, 1, (12, 24, 32))

    def measure(self, valid: Tensor) -> None:
        """Take which places of training patterns (N, 96, 96) are measured as a rule."""
        self.measured.copy_((valid.mean(dim=0) > 0.5).float())

    def forward(self, log: Tensor, valid: Tensor) -> Tensor:
        """Return natural-log power (N, 128, 128), alike at q and -q, of patterns (N, 96, 96)."""
        weight = self.finer @ valid @ self.finer.T
        fine = (self.finer @ (log * valid) @ self.finer.T) / weight.clamp(min=1e-3)
        ring = self.radius.expand_as(fine)
        seen = torch.stack([fine, weight, ring, torch.log(ring + 0.02)], dim=1)
        power: Tensor = self.network(seen)[:, 0] + _DECADE * fine
        return (power + mirrored(power)) / 2


class FractionHead(nn.Module):
    """Ring features to the area fraction of an image and the logarithm of its error.

    `within` is how much crops of one micrograph differ by themselves.
    """

    mean: Tensor
    spread: Tensor
    within: Tensor

    def __init__(self, features: int, width: int = 64) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("spread", torch.ones(features))
        self.register_buffer("within", torch.tensor(0.01))
        self.network = nn.Sequential(
            nn.Linear(features, width), nn.SiLU(), nn.Dropout(0.3), nn.Linear(width, 2)
        )
        last = self.network[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def standardise(self, features: Tensor, fields: Tensor) -> None:
        """Take the spread of training features (N, k), and that of crops of fields (N, y, x)."""
        self.mean.copy_(features.mean(dim=0))
        self.spread.copy_(features.std(dim=0, correction=0) + 0.02)
        shares = nn.functional.avg_pool2d(fields[:, None].float(), SIZE).flatten(1)  # (N, crops)
        if shares.shape[1] > 1:
            self.within.copy_(shares.std(dim=1).mean())

    def standard(self, features: Tensor) -> Tensor:
        """Return features in units of their spread over training rows."""
        return ((features - self.mean) / self.spread).clamp(-6.0, 6.0)

    def forward(self, standard: Tensor) -> tuple[Tensor, Tensor]:
        """Return area fraction (N,) and log error (N,) of standardised features (N, k)."""
        out = self.network(standard)
        return 0.5 + 0.1 * out[:, 0], -3.5 + out[:, 1]
