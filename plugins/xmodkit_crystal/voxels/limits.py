"""What fits voxel images: how many atoms, how large a cell, how many species."""

from __future__ import annotations

import numpy as np

from xmodkit.errors import InputError
from xmodkit_crystal.structure import Crystal

__all__ = ["MOST_ATOMS", "check_limits"]

MOST_ATOMS = 20


def check_limits(
    crystal: Crystal,
    most_atoms: int = MOST_ATOMS,
    longest_edge: float = 10.0,
    most_species: int = 5,
    span: float = 13.5,
) -> None:
    """Raise `InputError` for a crystal that does not fit, with the first reason on one line.

    The published limits (authors' answer in their issue 2): atoms, cell edge in A, species. And
    the `span` in A of the atoms along x, y or z: the published cube of 15 A less two radii of an
    atom's image, beyond which atoms would touch those across its border. Give the crystal in the
    cell that is to be voxelised: `canonical` first.
    """
    edge = float(crystal.lengths.max())
    reach = float(np.ptp(crystal.cartesian, axis=0).max()) if len(crystal) else 0.0
    if not len(crystal):
        raise InputError("the crystal has no atoms, one or more expected")
    if len(crystal) > most_atoms:
        raise InputError(f"{len(crystal)} atoms in the cell, at most {most_atoms} fit the model")
    if edge > longest_edge:
        raise InputError(f"a cell edge of {edge:.2f} A, at most {longest_edge:g} A fit the model")
    if len(crystal.species) > most_species:
        given = len(crystal.species)
        raise InputError(f"{given} species, at most {most_species} fit the model")
    if reach > span:
        raise InputError(f"atoms span {reach:.2f} A, at most {span:g} A fit the voxel cube")
