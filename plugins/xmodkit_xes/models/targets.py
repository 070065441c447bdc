"""Several kinds of spectra as one row of targets, and how far an ensemble's members disagree."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from xmodkit_xes.models.frames import TargetFrame

__all__ = ["Spectra"]


class Spectra(nn.Module):
    """Principal components of each kind of spectrum side by side, each kind of variance 1."""

    def __init__(self, points: Mapping[str, int], components: int) -> None:
        super().__init__()
        self.frames = nn.ModuleDict(
            {kind: TargetFrame(size, min(size, components)) for kind, size in points.items()}
        )
        self.sizes = {kind: min(size, components) for kind, size in points.items()}
        self.components = sum(self.sizes.values())
        for kind, size in points.items():
            self.register_buffer(f"{kind}_floor", torch.ones(size))

    def fit(self, spectra: Mapping[str, Tensor]) -> None:
        """Take means and components of training rows (N, points) of each kind."""
        for kind, rows in spectra.items():
            self._frame(kind).fit(rows)

    def forward(self, spectra: Mapping[str, Tensor]) -> Tensor:
        """Return components (N, components) of spectra (N, points) of each kind."""
        return torch.cat([self._frame(kind)(spectra[kind]) for kind in self.sizes], dim=1).float()

    def part(self, kind: str, components: Tensor) -> Tensor:
        """Return one kind's components (..., its) of (..., components)."""
        start = 0
        for name, size in self.sizes.items():
            if name == kind:
                break
            start += size
        return components[..., start : start + self.sizes[kind]]

    def spectrum(self, kind: str, components: Tensor) -> Tensor:
        """Return one kind's spectra (..., points) of (..., components)."""
        return self._frame(kind).undo(self.part(kind, components))

    def scale(self, kind: str, found: Tensor) -> Tensor:
        """Return the expected error (N, points) of one kind from members' (M, N, components).

        The members' spread, and what they have in common: of rows that they learned from, they
        agree too well for their spread to be all.
        """
        spread = self.spectrum(kind, found).std(dim=0)
        return (spread**2 + self.get_buffer(f"{kind}_floor") ** 2).sqrt()

    def set_floor(self, found: Tensor) -> None:
        """Take each channel's mean spread over training rows of members' (M, N, components)."""
        for kind in self.sizes:
            spread = self.spectrum(kind, found).std(dim=0).mean(dim=0)
            # Never 0: a channel without any error would get bounds without any width.
            least = max(0.05 * float(spread.mean()), 1e-12)
            self.get_buffer(f"{kind}_floor").copy_(spread.clamp(min=least))

    def _frame(self, kind: str) -> TargetFrame:
        frame = self.frames[kind]
        assert isinstance(frame, TargetFrame)
        return frame
