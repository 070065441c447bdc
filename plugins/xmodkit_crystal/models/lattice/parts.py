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
        return {**told, "novelty": self.space.novelty(geometry)}
