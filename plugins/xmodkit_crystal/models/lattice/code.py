"""The latent vector: six numbers of the cell, three of each element, then where atoms are."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_crystal.modalities import SLOTS
from xmodkit_crystal.models.lattice.cell import CellCode
from xmodkit_crystal.models.lattice.elements import ELEMENT_CODE, ElementCode
from xmodkit_crystal.models.lattice.images import SpatialAutoencoder
from xmodkit_crystal.models.voxels import cell_images
from xmodkit_crystal.voxels import CUT

__all__ = ["CELL", "ELEMENTS", "CrystalCode"]

CELL = 6  # numbers of the cell
ELEMENTS = SLOTS * ELEMENT_CODE  # numbers of the elements, which follow them


class CrystalCode(nn.Module):
    """A crystal's cell, species and coarse images to one vector, and back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.cell, self.elements = CellCode(), ElementCode()
        self.images = SpatialAutoencoder(channels)
        self.size = CELL + ELEMENTS + SLOTS * self.images.size

    def encode(self, cells: Tensor, species: Tensor, images: Tensor) -> Tensor:
        """Return latents (B, size) of cells (B, 3, 3), species (B, 5), images (B, 5, 32^3).

        Of slots without a species they are 0.
        """
        used = (species > 0).to(images.dtype)[:, :, None]
        places = self.images.encode(images.flatten(0, 1)).reshape(len(images), SLOTS, -1) * used
        elements = self.elements.encode(species)
        parts = [self.cell.encode(cells), elements.flatten(1), places.flatten(1)]
        return torch.cat(parts, dim=1)

    def decode(self, latent: Tensor) -> dict[str, Tensor]:
        """Return the fields of VOXELS for latents (B, size); unused slots have empty images."""
        cell, elements, places = self.parts(latent)
        species = self.elements.decode(elements)
        images = self.images.decode(places.flatten(0, 1))
        # As images of crystals are cut; but steadily, so that no rounding error makes a step.
        images = images * (2 * images / CUT - 1).clamp(0.0, 1.0)
        used = (species > 0).to(latent.dtype)[:, :, None, None, None]
        return {
            "cell_image": cell_images(self.cell.decode(cell)),
            "species": species,
            "species_images": images.reshape(-1, SLOTS, *images.shape[1:]) * used,
        }

    def parts(self, latent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the codes of cells (B, 6), of elements (B, 5, 3) and of places (B, 5, k)."""
        cell, elements, places = torch.split(
            latent, [CELL, ELEMENTS, SLOTS * self.images.size], dim=1
        )
        batch = len(latent)
        return cell, elements.reshape(batch, SLOTS, -1), places.reshape(batch, SLOTS, -1)

    def geometry(self, latent: Tensor) -> Tensor:
        """Return what a latent says but for elements (B, 6 + 5 k): cell, then places."""
        cell, _, places = self.parts(latent)
        return torch.cat([cell, places.flatten(1)], dim=1)
