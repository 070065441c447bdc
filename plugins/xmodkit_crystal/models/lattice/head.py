"""The energy of formation of a crystal, how sure it is, and the probability of stability."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit.structures.elements import LAST_ELEMENT
from xmodkit.train.novelty import MahalanobisNovelty
from xmodkit_crystal.modalities import SLOTS

__all__ = ["EnergyHead"]

_DROPOUT = 0.1
_EMBEDDED = 16  # numbers that are learned of each element
_FAR = 6.0  # whitened components beyond tell no more
_RARE = 0.05  # a number of elements of fewer training rows has not been learned
_REACH = 0.995  # share of training rows that a crystal may not be more unlike than


class EnergyHead(nn.Module):
    """Elements and whitened components of a latent to an energy and its error.

    From both, how likely it is below `stable_below` eV/atom. Outside the chemistry whose energies
    it has learned (another element, another number of elements, unlike places) it says nothing:
    NaN.
    """

    middle: Tensor
    width: Tensor
    temper: Tensor
    elements: Tensor
    counts: Tensor
    reach: Tensor

    def __init__(self, components: int, stable_below: float, hidden: int = 256) -> None:
        super().__init__()
        self.stable_below = stable_below
        self.embedding = nn.Parameter(0.3 * torch.randn(LAST_ELEMENT + 1, _EMBEDDED))
        self.register_buffer("middle", torch.tensor(0.0))
        self.register_buffer("width", torch.tensor(1.0))
        self.register_buffer("temper", torch.tensor(1.0))
        self.register_buffer("elements", torch.zeros(LAST_ELEMENT + 1))
        self.register_buffer("counts", torch.zeros(SLOTS + 1))
        self.register_buffer("reach", torch.tensor(-1.0))
        self.familiar = MahalanobisNovelty(components)
        self.network = nn.Sequential(
            nn.Linear(SLOTS * _EMBEDDED + components, hidden), nn.SiLU(), nn.Dropout(_DROPOUT),
            nn.Linear(hidden, hidden), nn.SiLU(), nn.Dropout(_DROPOUT),
            nn.Linear(hidden, 2),
        )  # fmt: skip

    @property
    def learned(self) -> bool:
        """Whether there was any energy to learn from."""
        return bool(self.reach > 0)

    def fit(self, species: Tensor, components: Tensor, energies: Tensor) -> None:
        """Take from training rows how energies (N,) spread, and what chemistry they are of.

        `species` (N, 5) are atomic numbers, `components` (N, k) whitened.
        """
        self.middle.copy_(energies.mean())
        self.width.copy_(energies.std().clamp(min=1e-3))
        self.elements.zero_()[species.flatten().long()] = 1.0
        shares = torch.bincount((species > 0).sum(dim=1), minlength=SLOTS + 1) / len(species)
        self.counts.copy_(shares > _RARE)
        near = components.clamp(-_FAR, _FAR)
        self.familiar.fit(near)
        self.reach.copy_(torch.quantile(self.familiar(near), _REACH))

    def fit_temper(self, species: Tensor, components: Tensor, energies: Tensor) -> None:
        """Take from rows that were not learned from by how much errors are larger than said."""
        energy, error = self(species, components)
        self.temper.copy_(self.temper * ((energy - energies).abs() / error).mean())

    def forward(self, species: Tensor, components: Tensor) -> tuple[Tensor, Tensor]:
        """Return energies (N,) in eV/atom and their mean absolute errors (N,)."""
        known = self.embedding[species.long()].flatten(1)
        out = self.network(torch.cat([known, components.clamp(-_FAR, _FAR)], dim=1))
        error = self.temper * self.width * out[:, 1].clamp(-5.0, 3.0).exp()
        return self.middle + self.width * out[:, 0], error

    def loss(self, species: Tensor, components: Tensor, energies: Tensor) -> Tensor:
        """Return the Laplace likelihood's negative logarithm: robust against a few odd energies."""
        energy, error = self(species, components)
        missed: Tensor = (energy - energies).abs() / error + error.log()
        return missed.mean()

    def judged(self, species: Tensor, components: Tensor) -> dict[str, Tensor]:
        """Return energy, its error, and the probability of stability; NaN outside the chemistry."""
        energy, error = self(species, components)
        away = (self.stable_below - energy) / error
        tail: Tensor = 0.5 * torch.exp(-away.abs())
        stability = torch.where(away > 0, 1 - tail, tail)
        outside = ~self._known(species, components)
        nothing = torch.full_like(energy, torch.nan)
        return {
            "stability": torch.where(outside, nothing, stability),
            "formation_energy": torch.where(outside, nothing, energy),
            "formation_energy_scale": error,
        }

    def _known(self, species: Tensor, components: Tensor) -> Tensor:
        """Say of each row (N,) whether its energy lies within what was learned."""
        used = species > 0
        elements = torch.where(used, self.elements[species.long()], 1.0).amin(dim=1)
        counts = self.counts[used.sum(dim=1)]
        far = components.clamp(-_FAR, _FAR)
        known: Tensor = (elements * counts > 0) & (self.familiar(far) <= self.reach)
        return known
