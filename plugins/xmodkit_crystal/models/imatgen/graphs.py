"""The graphs of the published model's routes: voxel images in, latent vectors or images out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from xmodkit_crystal.modalities import SLOTS
from xmodkit_crystal.models.imatgen.images import ImageAutoencoder
from xmodkit_crystal.models.imatgen.material import Z, stacked_vectors

if TYPE_CHECKING:
    from xmodkit_crystal.models.imatgen.model import Imatgen

__all__ = ["graph_of", "vectors_of"]


class _Parts(nn.Module):
    """The networks, and what every route does with them."""

    def __init__(self, model: Imatgen) -> None:
        super().__init__()
        self.cell, self.basis, self.material = model.cell, model.basis, model.material
        self.familiar = model.familiar

    def encode(self, cell_image: Tensor, species: Tensor, images: Tensor) -> Tensor:
        """Return latent vectors (N, 505): z, then atomic numbers."""
        vectors = vectors_of(self.cell, self.basis, cell_image, species, images)
        mean, _ = self.material.encode(vectors)
        return torch.cat([mean, species.to(mean.dtype)], dim=1)

    def decode(self, latent: Tensor) -> dict[str, Tensor]:
        """Return the images of latent vectors; those of slots without a species are empty."""
        cell, basis = self.material.decode(latent[:, :Z])
        species = torch.round(latent[:, Z:]).clamp(0, 118)
        images = self.basis.decode(basis.flatten(0, 1))
        images = images.reshape(-1, SLOTS, *images.shape[1:])
        used = (species > 0).to(images.dtype)
        return {
            "cell_image": self.cell.decode(cell),
            "species": species.to(torch.int32),
            "species_images": images * used[..., None, None, None],
        }

    def judged(self, latent: Tensor) -> dict[str, Tensor]:
        """Return the probability of being stable and the novelty of latent vectors."""
        z = latent[:, :Z]
        return {
            "stability": torch.sigmoid(self.material.stability(z)),
            "novelty": self.familiar(z),
        }


class _CrystalToLatent(_Parts):
    def forward(self, cell_image: Tensor, species: Tensor, images: Tensor) -> dict[str, Tensor]:
        latent = self.encode(cell_image, species, images)
        again = self.decode(latent)
        error = reconstruction_error(again, cell_image, species, images)
        return {"latent": latent, "reconstruction_error": error, **self.judged(latent)}


class _CrystalToCrystal(_Parts):
    def forward(self, cell_image: Tensor, species: Tensor, images: Tensor) -> dict[str, Tensor]:
        latent = self.encode(cell_image, species, images)
        return {**self.decode(latent), "latent": latent, **self.judged(latent)}


class _LatentToCrystal(_Parts):
    def forward(self, latent: Tensor) -> dict[str, Tensor]:
        return {**self.decode(latent), **self.judged(latent)}


class _LatentToStability(_Parts):
    def forward(self, latent: Tensor) -> dict[str, Tensor]:
        return self.judged(latent)


_GRAPHS = {
    "crystal:latent": _CrystalToLatent,
    "crystal:crystal": _CrystalToCrystal,
    "latent:crystal": _LatentToCrystal,
    "latent:stability": _LatentToStability,
}


def graph_of(model: Imatgen, route: str) -> nn.Module:
    """Return the graph of a route."""
    return _GRAPHS[route](model)


def vectors_of(
    cell: ImageAutoencoder,
    basis: ImageAutoencoder,
    cell_image: Tensor,
    species: Tensor,
    images: Tensor,
) -> Tensor:
    """Return stacked vectors (N, 6, 200) of images; those of unused slots are 0."""
    found = basis.encode(images.flatten(0, 1)).reshape(len(images), SLOTS, -1)
    used = (species > 0).to(found.dtype)[..., None]
    return stacked_vectors(cell.encode(cell_image), found * used)


def reconstruction_error(
    again: dict[str, Tensor], cell_image: Tensor, species: Tensor, images: Tensor
) -> Tensor:
    """Return the root mean square error (N,) of all voxels of the cell and of the used slots."""
    used = (species > 0).to(images.dtype)
    off = (again["species_images"] - images).square().mean(dim=(2, 3, 4)) * used
    cell = (again["cell_image"] - cell_image).square().mean(dim=(1, 2, 3))
    return torch.sqrt((off.sum(dim=1) + cell) / (used.sum(dim=1) + 1))
