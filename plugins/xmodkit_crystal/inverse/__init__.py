"""From voxel images, however noisy, back to a crystal."""

from xmodkit_crystal.inverse.atoms import Peaks, atoms_of
from xmodkit_crystal.inverse.cell import CellFit, cell_of, fit_cell
from xmodkit_crystal.inverse.crystal import crystal_of

__all__ = ["CellFit", "Peaks", "atoms_of", "cell_of", "crystal_of", "fit_cell"]
