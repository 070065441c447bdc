"""The energy of formation of a latent vector, how sure it is, and the probability of stability."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["EnergyHead"]

_DROPOUT = 0.2


class EnergyHead(nn.Module):
    """Standardised latents to an energy with its error, and from these how likely it is low.

    `stable_below` is the energy in eV/atom under which a crystal counts as stable.
    """

    mean: Tensor
    spread: Tensor
    middle: Tensor
    width: Tensor

    def __init__(self, size: int, stable_below: float, hidden: int = 128) -> None:
        super().__init__()
        self.stable_below = stable_below
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        self.register_buffer("middle", torch.tensor(0.0))
        self.register_buffer("width", torch.tensor(1.0))
        self.network = nn.Sequential(
            nn.Linear(size, hidden), nn.SiLU(), nn.Dropout(_DROPOUT),
            nn.Linear(hidden, hidden), nn.SiLU(), nn.Dropout(_DROPOUT),
            nn.Linear(hidden, 2),
        )  # fmt: skip

    def standardise(self, latents: Tensor, energies: Tensor) -> None:
        """Take mean and spread of training latents (N, size) and energies (N,)."""
        self.mean.copy_(latents.mean(dim=0))
        self.spread.copy_(latents.std(dim=0).clamp(min=1e-2))
        self.middle.copy_(energies.mean())
        self.width.copy_(energies.std().clamp(min=1e-3))

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Return energies (N,) in eV/atom and the logarithms of their errors."""
        out = self.network(((latents - self.mean) / self.spread).clamp(-6.0, 6.0))
        return self.middle + self.width * out[:, 0], torch.log(self.width) + out[:, 1].clamp(-5, 3)

    def loss(self, latents: Tensor, energies: Tensor) -> Tensor:
        """Return the Laplace likelihood's negative logarithm: robust against a few odd energies."""
        energy, error = self(latents)
        missed: Tensor = (energy - energies).abs() / error.exp() + error
        return missed.mean()

    def stability(self, energy: Tensor, error: Tensor) -> Tensor:
        """Return the probability (N,) that an energy lies below `stable_below`, Laplace errors."""
        away = (self.stable_below - energy) / error.exp()
        tail = 0.5 * torch.exp(-away.abs())
        return torch.where(away > 0, 1 - tail, tail)
