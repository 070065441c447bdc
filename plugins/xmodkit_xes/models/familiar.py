"""How unlike the sites of the training rows a site is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_xes.models.heads import Novelty
from xmodkit_xes.models.properties import properties

__all__ = ["Familiar"]

_STRANGE = 100.0  # for each near atom of an element that training never saw
_NEAR_A = 4.0


class Familiar(nn.Module):
    """Distance of an absorber's surroundings from those known, and strange elements near it."""

    known: Tensor

    def __init__(self, surroundings: int) -> None:
        super().__init__()
        self.distance = Novelty(surroundings)
        self.register_buffer("known", torch.zeros(len(properties())))

    def fit(self, numbers: Tensor, around: Tensor) -> None:
        """Take the training rows' elements (N, A) and their absorbers' surroundings (N, s)."""
        self.distance.fit(_compress(around))
        self.known.zero_()
        self.known[numbers.flatten().long()] = 1
        self.known[0] = 1  # padding

    def forward(self, numbers: Tensor, positions: Tensor, around: Tensor) -> Tensor:
        """Return the novelty (N,) of clusters (N, A), (N, A, 3) and surroundings (N, s)."""
        near = ((positions - positions[:, :1]) ** 2).sum(dim=2) < _NEAR_A**2
        strange = ((1 - self.known[numbers.long()]) * near).sum(dim=1)
        novelty: Tensor = self.distance(_compress(around)) + _STRANGE * strange
        return novelty


def _compress(around: Tensor) -> Tensor:
    """Return signed roots: sums over many atoms, and rare ones, lie less far out."""
    return torch.sign(around) * around.abs().clamp(min=1e-12).sqrt()
