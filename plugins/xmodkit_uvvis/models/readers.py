"""An ensemble that reads spectra off optical densities: some members see rings, some the map."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_uvvis.models.aspm import POINTS

__all__ = ["MapReader", "ProfileReader", "Readers", "Standardise", "mean_and_spread"]

_MEMBERS = 2  # of each kind
_WIDTH = 256
_NOISE = 0.1  # of a feature's standard deviation, added while training
_LEAST = 5e-3  # of density or absorption: what varies less is noise, or rounding
_FARTHEST = 6.0  # standard deviations; what lies beyond is novel anyway


class Standardise(nn.Module):
    """Subtract the training rows' mean and divide by their standard deviation."""

    mean: Tensor
    spread: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))

    def fit(self, rows: Tensor) -> None:
        """Take mean and standard deviation of rows (N, size)."""
        self.mean.copy_(rows.mean(dim=0))
        self.spread.copy_(rows.std(dim=0).clamp(min=_LEAST))

    def forward(self, row: Tensor) -> Tensor:
        """Return standardised rows (N, size)."""
        return ((row - self.mean) / self.spread).clamp(-_FARTHEST, _FARTHEST)

    def undo(self, row: Tensor) -> Tensor:
        """Return rows as they were before."""
        return row * self.spread + self.mean


class ProfileReader(nn.Module):
    """Standardised profiles (N, size) to standardised spectra (N, 220)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.dense = _dense(size)

    def forward(self, profile: Tensor) -> Tensor:
        """Return standardised spectra; in training the profile is blurred by a little noise."""
        if self.training:
            profile = profile + _NOISE * torch.randn_like(profile)
        out: Tensor = self.dense(profile)
        return out


class MapReader(nn.Module):
    """Maps of optical density (N, 3, 32, 32) to standardised spectra (N, 220)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inward, outward in ((3, 24), (24, 48), (48, 64)):
            layers += [nn.Conv2d(inward, outward, 3, stride=2, padding=1), nn.SiLU()]
        self.convolutions = nn.Sequential(*layers)
        self.dense = _dense(2 * 64)

    def forward(self, density: Tensor) -> Tensor:
        """Return standardised spectra; in training the map is turned and mirrored by chance."""
        if self.training:
            density = _turned(density)
        h = self.convolutions(density.contiguous(memory_format=torch.channels_last))
        h = torch.cat([h.mean(dim=(2, 3)), h.amax(dim=(2, 3))], dim=1)  # (N, 128) of (N, 64, 4, 4)
        out: Tensor = self.dense(h)
        return out


class Readers(nn.Module):
    """Members of both kinds, each with a start of its own: spectra (members, N, 220)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.spectra = Standardise(POINTS)
        self.profiles = nn.ModuleList(ProfileReader(size) for _ in range(_MEMBERS))
        self.maps = nn.ModuleList(MapReader() for _ in range(_MEMBERS))
        # Channels last is what makes small convolutions fast on a CPU.
        self.maps.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, profile: Tensor, density: Tensor) -> Tensor:
        """Return every member's spectra of profiles (N, size) and maps (N, 3, 32, 32)."""
        found = [reader(profile) for reader in self.profiles]
        found += [reader(density) for reader in self.maps]
        return self.spectra.undo(torch.stack(found))


def mean_and_spread(members: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation (N, 220) over members (m, N, 220)."""
    mean = members.mean(dim=0)
    return mean, ((members - mean) ** 2).mean(dim=0).clamp(min=1e-8).sqrt()


def _dense(size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(size, _WIDTH), nn.SiLU(), nn.Dropout(0.1),
        nn.Linear(_WIDTH, _WIDTH), nn.SiLU(), nn.Dropout(0.1),
        nn.Linear(_WIDTH, POINTS),
    )  # fmt: skip


def _turned(density: Tensor) -> Tensor:
    """Return a batch mirrored and transposed by chance: a drop has no up and no left."""
    flips = [axis for axis in (2, 3) if torch.rand(()) < 0.5]
    density = torch.flip(density, flips)
    return density.transpose(2, 3) if torch.rand(()) < 0.5 else density
