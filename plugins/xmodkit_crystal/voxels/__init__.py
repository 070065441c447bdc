"""Voxel images of crystals: the shape of the cell, and where the atoms of each species are."""

from xmodkit_crystal.voxels.images import CUT, cell_image, cut_radius, species_images
from xmodkit_crystal.voxels.limits import check_limits

__all__ = ["CUT", "cell_image", "check_limits", "cut_radius", "species_images"]
