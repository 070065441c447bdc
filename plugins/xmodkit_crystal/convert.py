"""Crystals from and to the objects of other libraries: pymatgen's Structure and ASE's Atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.structures.elements import LAST_ELEMENT
from xmodkit.structures.frame import Frame, of_atoms
from xmodkit_crystal.reading.crystals import crystal_of
from xmodkit_crystal.structure import Crystal

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core.structure import Structure

__all__ = ["crystal_from", "to_atoms", "to_pymatgen"]

_FULL = 0.999  # occupancies that are rounded


def crystal_from(given: Any) -> Crystal:
    """Return a pymatgen `Structure`, ASE `Atoms` or a `Crystal` as a checked crystal.

    Raise `InputError` for anything else, and for what is refused of files: partial occupancy, no
    cell, overlapping sites.
    """
    if isinstance(given, Crystal):
        return crystal_of(Frame(given.numbers.astype(np.int32), given.cartesian, given.cell))
    if _is_pymatgen(given):
        return crystal_of(_of_structure(given))
    if _is_ase(given):
        return crystal_of(of_atoms(given, shared=_shared(given)))
    raise InputError(
        f"{type(given).__name__} given; a pymatgen Structure with a lattice, or ASE Atoms, which "
        "ase.io.read returns of a file, expected"
    )


def to_pymatgen(crystal: Crystal) -> Structure:
    """Return the crystal as pymatgen's `Structure`; raise `MissingExtraError` without pymatgen."""
    try:
        from pymatgen.core.structure import Structure
    except ImportError as error:
        raise MissingExtraError("pymatgen structures", "pymatgen", "crystal") from error
    return Structure(crystal.cell, crystal.numbers.tolist(), crystal.fractional)


def to_atoms(crystal: Crystal) -> Atoms:
    """Return the crystal as periodic ASE `Atoms`; raise `MissingExtraError` without ASE."""
    try:
        from ase import Atoms
    except ImportError as error:
        raise MissingExtraError("ASE atoms", "ase", "crystal") from error
    return Atoms(
        numbers=crystal.numbers, scaled_positions=crystal.fractional, cell=crystal.cell, pbc=True
    )


def _is_pymatgen(given: Any) -> bool:
    return "pymatgen" in _libraries(given) and hasattr(given, "lattice")


def _is_ase(given: Any) -> bool:
    return "ase" in _libraries(given) and hasattr(given, "get_scaled_positions")


def _libraries(given: Any) -> set[str]:
    return {kind.__module__.partition(".")[0] for kind in type(given).__mro__}


def _of_structure(structure: Structure) -> Frame:
    shared = sum(not site.is_ordered for site in structure)
    numbers = [_number(next(iter(site.species), None)) for site in structure]
    repeats = np.array(structure.lattice.pbc)
    return Frame(
        np.array(numbers, np.int32),
        np.asarray(structure.cart_coords, np.float64).reshape(-1, 3),
        np.where(repeats[:, None], structure.lattice.matrix, 0.0),
        shared=shared,
    )


def _number(species: Any) -> int:
    """Return an element's number, 0 of a placeholder: pymatgen numbers those by a hash."""
    number = int(getattr(species, "Z", 0))
    return number if 0 < number <= LAST_ELEMENT else 0


def _shared(atoms: Atoms) -> int:
    """Return how many sites of Atoms that were read from a CIF file are partly occupied.

    ASE keeps one species of each, and in `info` the occupancies by kind of site.
    """
    occupancy = atoms.info.get("occupancy") or {}
    partly = {
        str(kind)
        for kind, species in occupancy.items()
        if len(species) > 1 or min(species.values()) < _FULL
    }
    kinds = atoms.arrays.get("spacegroup_kinds", np.arange(len(atoms)))
    return sum(str(kind) in partly for kind in kinds)
