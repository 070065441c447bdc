"""The latent vector: six numbers of the cell, three of each element, then where atoms are."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_crystal.modalities import SLOTS
from xmodkit_crystal.models.lattice.cell import CellCode
from xmodkit_crystal.models.lattice.elements import ELEMENT_CODE, ElementCode
from xmodkit_crystal.models.lattice.images import SpatialAutoencoder
from xmodkit_crystal.models.voxels import cell_images

__all__ = ["CrystalCode"]

_CELL = 6
_ELEMENTS = SLOTS * ELEMENT_CODE


class CrystalCode(nn.Module):
    """A crystal's cell, species and coarse images to one vector, and back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.cell, self.elements = CellCode(), ElementCode()
        self.images = SpatialAutoencoder(channels)
        self.size = _CELL + _ELEMENTS + self.images.size

    def encode(self, cells: Tensor, species: Tensor, images: Tensor) -> Tensor:
        """Return latents (B, size) of cells (B, 3, 3), species (B, 5), images (B, 5, 32^3)."""
        elements = self.elements.encode(species).flatten(1)
        return torch.cat([self.cell.encode(cells), elements, self.images.encode(images)], dim=1)

    def decode(self, latent: Tensor) -> dict[str, Tensor]:
        """Return the fields of VOXELS for latents (B, size); unused slots have empty images."""
        cell, elements, places = torch.split(latent, [_CELL, _ELEMENTS, self.images.size], dim=1)
        species = self.elements.decode(elements.reshape(-1, SLOTS, ELEMENT_CODE))
        used = (species > 0).to(latent.dtype)[:, :, None, None, None]
        return {
            "cell_image": cell_images(self.cell.decode(cell)),
            "species": species,
            "species_images": self.images.decode(places).clamp(0.0, 1.2) * used,
        }
