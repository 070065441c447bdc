"""The graphs of our own model's routes: voxel images in, latent vectors or images out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from xmodkit_crystal.models.lattice.cell import CellOfImage
from xmodkit_crystal.models.lattice.images import Coarse

if TYPE_CHECKING:
    from xmodkit_crystal.models.lattice.model import Lattice

__all__ = ["graph_of"]


class _Judge(nn.Module):
    """What is told of a latent vector: energy, stability, novelty."""

    def __init__(self, model: Lattice) -> None:
        super().__init__()
        self.code, self.head, self.space = model.code, model.head, model.space

    def judged(self, latent: Tensor) -> dict[str, Tensor]:
        """Return the energy with its error, the probability of being stable, and novelty."""
        geometry = self.code.geometry(latent)
        species = self.code.elements.decode(self.code.parts(latent)[1])
        told = self.head.judged(species, self.space(geometry))
        return {**told, "novelty": self.space.novelty(geometry)}


class _FromCrystal(_Judge):
    def __init__(self, model: Lattice) -> None:
        super().__init__(model)
        self.measured, self.coarse = CellOfImage(), Coarse()

    def encode(self, cell_image: Tensor, species: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return latents (N, size), and the coarse images (N, 5, 32^3) that they are of."""
        seen = self.coarse(images)
        return self.code.encode(self.measured(cell_image), species, seen), seen


class _CrystalToLatent(_FromCrystal):
    def forward(self, cell_image: Tensor, species: Tensor, images: Tensor) -> dict[str, Tensor]:
        latent, seen = self.encode(cell_image, species, images)
        again = self.code.decode(latent)["species_images"]
        used = (species > 0).to(seen.dtype)
        off = (again - seen).square().mean(dim=(2, 3, 4)) * used
        error = torch.sqrt(off.sum(dim=1) / used.sum(dim=1).clamp(min=1))
        return {"latent": latent, "reconstruction_error": error, **self.judged(latent)}


class _CrystalToCrystal(_FromCrystal):
    def forward(self, cell_image: Tensor, species: Tensor, images: Tensor) -> dict[str, Tensor]:
        latent, _ = self.encode(cell_image, species, images)
        return {**self.code.decode(latent), "latent": latent, **self.judged(latent)}


class _LatentToCrystal(_Judge):
    def forward(self, latent: Tensor) -> dict[str, Tensor]:
        return {**self.code.decode(latent), **self.judged(latent)}


class _LatentToStability(_Judge):
    def forward(self, latent: Tensor) -> dict[str, Tensor]:
        return self.judged(latent)


_GRAPHS = {
    "crystal:latent": _CrystalToLatent,
    "crystal:crystal": _CrystalToCrystal,
    "latent:crystal": _LatentToCrystal,
    "latent:stability": _LatentToStability,
}


def graph_of(model: Lattice, route: str) -> nn.Module:
    """Return the graph of a route."""
    return _GRAPHS[route](model)
