"""Model 2 of Stein et al. 2019: from a latent to an absorption spectrum."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_uvvis.models.vae import LATENT

__all__ = ["POINTS", "ScaleHead", "SpectrumDecoder", "aspm_loss", "scale_loss"]

POINTS = 220


class _Same1d(nn.Module):
    """A 1-D convolution that keeps the length with an even kernel, padded as Keras does."""

    def __init__(self, inward: int, outward: int, kernel: int) -> None:
        super().__init__()
        before = (kernel - 1) // 2
        self.pad = nn.ConstantPad1d((before, kernel - 1 - before), 0.0)
        self.convolution = nn.Conv1d(inward, outward, kernel)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outward, L) of (N, inward, L)."""
        out: Tensor = self.convolution(self.pad(x))
        return out


class SpectrumDecoder(nn.Module):
    """The published dense and convolutional layers; the last, unstated map is 32 to 1 channel."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Sequential(
            nn.Linear(LATENT, 100), nn.PReLU(), nn.Linear(100, POINTS // 4), nn.PReLU()
        )
        self.convolutions = nn.Sequential(
            _Same1d(1, 64, 10), nn.PReLU(), nn.Upsample(scale_factor=2),
            _Same1d(64, 32, 20), nn.PReLU(), nn.Upsample(scale_factor=2),
        )  # fmt: skip
        self.last = nn.Conv1d(32, 1, 1)

    def forward(self, latent: Tensor) -> Tensor:
        """Return spectra (N, 220) of latents (N, 100)."""
        h = self.dense(latent).unsqueeze(1)  # (N, 1, 55)
        h = self.convolutions(h)  # (N, 32, 220)
        out: Tensor = self.last(h).squeeze(1)
        return out


class ScaleHead(nn.Module):
    """How far a predicted spectrum is likely to be off, per energy: the scale of its bounds."""

    def __init__(self, size: int = LATENT, floor: float = 5e-3) -> None:
        super().__init__()
        self.floor = floor
        self.dense = nn.Sequential(
            nn.Linear(size + POINTS, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(),
            nn.Linear(32, POINTS),
        )  # fmt: skip

    def forward(self, latent: Tensor, spectrum: Tensor) -> Tensor:
        """Return the expected absolute error (N, 220) of spectra whose latents are (N, size)."""
        h = self.dense(torch.cat([latent, spectrum], dim=1))
        scale: Tensor = nn.functional.softplus(h - 2) + self.floor
        return scale


def aspm_loss(value: Tensor, truth: Tensor, total: Tensor) -> Tensor:
    """Return MSE times the sum over energies of the unexplained fraction 1 - R2.

    The paper takes each energy's variance (`total`) within the batch; it is taken over the
    training rows here, where a batch of blanks cannot make it vanish.
    """
    squared = ((value - truth) ** 2).mean(dim=0)  # (220,)
    return squared.mean() * (squared / total).sum()


def scale_loss(scale: Tensor, value: Tensor, truth: Tensor) -> Tensor:
    """Return the Laplace likelihood's loss: its best scale is the expected absolute error."""
    return (scale.log() + (value - truth).abs() / scale).mean()
