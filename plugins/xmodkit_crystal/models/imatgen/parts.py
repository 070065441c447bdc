"""What the routes of the published model are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xmodkit_crystal.modalities import SLOTS
from xmodkit_crystal.models.graphs import CrystalParts
from xmodkit_crystal.models.imatgen.images import ImageAutoencoder
from xmodkit_crystal.models.imatgen.material import Z, stacked_vectors

if TYPE_CHECKING:
    from xmodkit_crystal.models.imatgen.model import Imatgen

__all__ = ["ImatgenParts", "vectors_of"]


class ImatgenParts(CrystalParts):
    """Two image autoencoders, and the autoencoder of materials between their vectors."""

    def __init__(self, model: Imatgen) -> None:
        super().__init__()
        self.cell, self.basis, self.material = model.cell, model.basis, model.material
        self.familiar = model.familiar

    def encode(self, cell_image: Tensor, species: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return latent vectors (N, 505): z, then atomic numbers; and the images as they are."""
        vectors = vectors_of(self.cell, self.basis, cell_image, species, images)
        mean, _ = self.material.encode(vectors)
        return torch.cat([mean, species.to(mean.dtype)], dim=1), images

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
