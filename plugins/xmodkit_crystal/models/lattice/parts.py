"""What the routes of our own model are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from xmodkit_crystal.models.graphs import CrystalParts
from xmodkit_crystal.models.lattice.cell import CellOfImage
from xmodkit_crystal.models.lattice.images import Coarse

if TYPE_CHECKING:
    from xmodkit_crystal.models.lattice.model import Lattice

__all__ = ["LatticeParts"]

_DISORDERLY = 100.0  # novelty of species that no crystal has


class LatticeParts(CrystalParts):
    """Cell by least squares, elements by their place, atoms by the code of coarse images."""

    def __init__(self, model: Lattice) -> None:
        super().__init__()
        self.code, self.head, self.space = model.code, model.head, model.space
        self.measured, self.coarse = CellOfImage(), Coarse()

    def encode(self, cell_image: Tensor, species: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return latents (N, size), and the coarse images (N, 5, 32^3) that they are of."""
        seen = self.coarse(images)
        return self.code.encode(self.measured(cell_image), species, seen), seen

    def decode(self, latent: Tensor) -> dict[str, Tensor]:
        """Return the fields of VOXELS, species on 32^3 voxels."""
        return self.code.decode(latent)

    def judged(self, latent: Tensor) -> dict[str, Tensor]:
        """Return the energy with its error, the probability of being stable, and novelty."""
        geometry = self.code.geometry(latent)
        species = self.code.elements.decode(self.code.parts(latent)[1])
        told = self.head.judged(species, self.space(geometry))
        novelty = self.space.novelty(geometry) + _DISORDERLY * (~_orderly(species)).float()
        return {**told, "novelty": novelty}


def _orderly(species: Tensor) -> Tensor:
    """Say of atomic numbers (N, 5) whether a crystal has them so: ascending, then 0 (N,)."""
    first, second = species[:, :-1], species[:, 1:]
    follows = ((second > first) & (first > 0)) | (second == 0)
    return follows.all(dim=1) & (species[:, 0] > 0)
