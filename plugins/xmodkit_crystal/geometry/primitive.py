"""The primitive cell of a crystal, Niggli-reduced, by spglib."""

from __future__ import annotations

import numpy as np

from xmodkit.errors import DataError
from xmodkit_crystal.spglib_calls import spglib_found
from xmodkit_crystal.structure import Crystal

__all__ = ["primitive"]

# A^3 per atom: the densest solids have 5.
_LEAST_VOLUME = 0.1


def primitive(crystal: Crystal, tolerance: float = 0.01) -> Crystal:
    """Return a crystal in a primitive, Niggli-reduced, right-handed cell, not turned.

    Atoms within `tolerance` A (spglib's symprec) of a translate of each other are equivalent.
    Raise `DataError` for a crystal without atoms or volume, with positions that are not finite
    or two atoms in one place; `MissingExtraError` without spglib.
    """
    _check(crystal)
    given = (crystal.cell, crystal.fractional, crystal.numbers)
    found = spglib_found("standardize_cell", given, True, True, tolerance)
    if found is None:
        raise DataError(f"no primitive cell within {tolerance:g} A: do two atoms share a place?")
    cell, fractional, numbers = found
    reduced = spglib_found("niggli_reduce", cell)
    if reduced is None:
        raise DataError(f"spglib cannot reduce the cell {cell.round(4).tolist()}: is it too flat?")
    # Whole numbers by nature; rounding keeps the change of basis exact.
    change = np.rint(reduced @ np.linalg.inv(cell))
    change *= np.sign(np.linalg.det(change @ cell))
    return Crystal(np.asarray(numbers, np.int64), fractional @ np.linalg.inv(change), change @ cell)


def _check(crystal: Crystal) -> None:
    if not (np.isfinite(crystal.cell).all() and np.isfinite(crystal.fractional).all()):
        raise DataError("the crystal has cell vectors or positions that are not finite numbers")
    if not len(crystal):
        raise DataError("the crystal has no atoms, one or more expected")
    if crystal.volume < _LEAST_VOLUME * len(crystal):
        raise DataError(
            f"{len(crystal)} atoms in {crystal.volume:.3g} A^3: no solid is so dense, "
            "check the cell vectors"
        )
