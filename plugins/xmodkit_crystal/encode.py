"""From a crystal to the voxel images that networks see."""

from __future__ import annotations

import numpy as np

from xmodkit.modality import Arrays
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.modalities import CELL_SIZE, EDGE_A, SIGMA_A, SIZE, SLOTS
from xmodkit_crystal.structure import Crystal
from xmodkit_crystal.voxels import MOST_ATOMS, cell_image, check_limits, species_images

__all__ = ["encode_crystal"]


def encode_crystal(crystal: Crystal, longest_edge: float) -> Arrays:
    """Return the fields of VOXELS for a crystal in its canonical form.

    Raise `InputError` for a crystal that does not fit the images, or whose cell has an edge above
    `longest_edge` A, the limit of the model that will see them.
    """
    whole = canonical(crystal, most_atoms=MOST_ATOMS)
    check_limits(whole, longest_edge=longest_edge)
    numbers, found = species_images(whole, SIZE, EDGE_A, SIGMA_A)
    species = np.zeros(SLOTS, np.int32)
    images = np.zeros((SLOTS, SIZE, SIZE, SIZE), np.float32)
    species[: len(numbers)], images[: len(numbers)] = numbers, found
    return {
        "cell_image": cell_image(whole.cell, CELL_SIZE, SIGMA_A),
        "species": species,
        "species_images": images,
    }
