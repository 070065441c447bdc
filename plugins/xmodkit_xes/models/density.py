"""A network of the density of atoms about an absorber: one member of an ensemble."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from xmodkit_xes.models.properties import PROPERTIES, properties
from xmodkit_xes.models.surroundings import Shells, harmonics

__all__ = ["CUTOFF_A", "DensityNetwork", "Waves"]

CUTOFF_A = 5.0
_ORDERS = (1, 3, 5, 7)  # m of l = 0 to 3
_SHELLS = (1.45, 1.6, 1.75, 1.95, 2.2, 2.5, 2.9, 3.4, 4.0, 4.6)
_EMBEDDING, _CHANNELS, _MIXED, _LINEAR, _HIDDEN = 8, 24, 96, 128, 256


class Waves(nn.Module):
    """What a density is a sum of: each atom's shells times the harmonics of its direction.

    Nothing here is learned, so all members of an ensemble share it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shells = Shells(_SHELLS, CUTOFF_A)

    def forward(self, numbers: Tensor, positions: Tensor) -> Tensor:
        """Return (N, 16, shells, A) of clusters (N, A), (N, A, 3); none of atom 0 or padding."""
        around = positions - positions[:, :1]
        distance = (around**2).sum(dim=2).clamp(min=1e-6).sqrt()  # (N, A)
        shells = self.shells(distance) * (numbers > 0).unsqueeze(1)  # (N, shells, A)
        x, y, z = (around / distance.unsqueeze(2)).unbind(2)
        waves: Tensor = harmonics(x, y, z).unsqueeze(2) * shells.unsqueeze(1)
        return waves


class DensityNetwork(nn.Module):
    """Densities of learned channels in shells and harmonics, their invariants, then an MLP.

    Each atom's weight in a channel is learned from its element and its surroundings. Products of
    two mixed densities, summed over m, hold the angles between pairs of atoms (as the power
    spectrum does: Bartok et al., Phys. Rev. B 87, 184115 (2013)) at the cost of single atoms.
    """

    table: Tensor

    def __init__(self, surroundings: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("table", torch.from_numpy(properties()), persistent=False)
        self.embedding = nn.Embedding(len(self.table), _EMBEDDING)
        nn.init.normal_(self.embedding.weight, std=0.3)
        known = len(PROPERTIES) + _EMBEDDING + surroundings
        self.atom = nn.Sequential(nn.Linear(known, 64), nn.SiLU(), nn.Linear(64, _CHANNELS))
        size = _CHANNELS * len(_SHELLS)
        self.linear = nn.Linear(size, _LINEAR)
        self.left, self.right = (
            nn.ModuleList(nn.Linear(size, _MIXED, bias=False) for _ in _ORDERS) for _ in range(2)
        )
        invariants = _LINEAR + _MIXED * len(_ORDERS)
        self.head = nn.Sequential(
            nn.LayerNorm(invariants),
            nn.Dropout(0.1),
            nn.Linear(invariants, _HIDDEN),
            nn.SiLU(),
            nn.Dropout(0.1),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.SiLU(),
            nn.Linear(_HIDDEN, outputs),
        )

    def forward(self, numbers: Tensor, waves: Tensor, surroundings: Tensor) -> Tensor:
        """Return (N, outputs) of elements (N, A), waves and standardised surroundings (N, A, s)."""
        kind = numbers.long()
        known = torch.cat([self.table[kind], self.embedding(kind), surroundings], dim=2)
        weight = self.atom(known)  # (N, A, channels)
        whole = (waves.flatten(1, 2) @ weight).unflatten(1, waves.shape[1:3])  # (N, 16, shells, c)
        densities = whole.transpose(2, 3).flatten(2).split(_ORDERS, dim=1)  # (N, 2 l + 1, size)
        invariants = [self.linear(densities[0].squeeze(1))]
        for left, right, density in zip(self.left, self.right, densities, strict=True):
            product = (left(density) * right(density)).sum(dim=1)  # (N, mixed)
            invariants.append(product / math.sqrt(density.shape[1]))
        out: Tensor = self.head(torch.cat(invariants, dim=1))
        return out
