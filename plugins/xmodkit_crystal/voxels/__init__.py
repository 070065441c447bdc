"""Voxel images of crystals: the shape of the cell, and where the atoms of each species are."""

from xmodkit_crystal.voxels.images import CUT, cell_image, cut_radius, species_images
from xmodkit_crystal.voxels.limits import MOST_ATOMS, check_limits

__all__ = ["CUT", "MOST_ATOMS", "cell_image", "check_limits", "cut_radius", "species_images"]
