"""Copies of atoms that repeat in one, two or three directions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError

__all__ = ["completed_cell", "heights", "images"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_IMAGES = 20_000_000
_SLACK = 1e-9  # of a lattice vector: an atom on the rim is inside


def completed_cell(cell: Floats) -> Floats:
    """Return the cell with unit vectors, normal to the others, in place of zero vectors."""
    periodic = cell.any(axis=1)
    if periodic.all() or not periodic.any():
        return cell if periodic.all() else np.eye(3)
    # rows of Vh beyond the rank span what is normal to the vectors there are
    normal = np.linalg.svd(cell[periodic])[2][int(periodic.sum()) :]
    completed = cell.copy()
    completed[~periodic] = normal
    return completed


def heights(cell: Floats) -> Floats:
    """Return the distances (3,) between opposite faces of a completed, regular cell."""
    return np.asarray(1 / np.linalg.norm(np.linalg.inv(cell), axis=0))


def images(
    positions: Floats, cell: Floats, centres: Ints, radius: float
) -> tuple[Floats, Ints, Floats]:
    """Return copies of the atoms, at least all those within a radius of chosen ones.

    `positions` (n, 3) and `cell` (3, 3; a zero vector where nothing repeats) are in Angstrom,
    `centres` (k,) are indices. Return the copies' positions (m, 3), which atom each is (m,), and
    where the chosen atoms lie among them (k, 3). Raise `InputError` if there would be too many.
    """
    periodic = cell.any(axis=1)
    if not periodic.any():
        return positions, np.arange(len(positions)), positions[centres]
    frame = completed_cell(cell)
    fractions = positions @ np.linalg.inv(frame)
    fractions[:, periodic] %= 1.0
    chosen = fractions[centres]
    reach = radius / heights(frame) + _SLACK
    low, high = chosen.min(axis=0) - reach, chosen.max(axis=0) + reach
    index, copies = np.arange(len(positions)), fractions
    for axis in np.flatnonzero(periodic):
        steps = np.arange(math.floor(low[axis]), math.ceil(high[axis]) + 1)
        if len(steps) * len(copies) > _MOST_IMAGES:
            raise InputError(
                f"{len(steps) * len(copies):,} copies of atoms lie within reach of its sites, "
                f"{_MOST_IMAGES:,} at most; give a smaller structure, or a cell less thin"
            )
        moved = copies[:, axis] + steps[:, None]
        step, kept = np.nonzero((moved >= low[axis]) & (moved <= high[axis]))
        copies = copies[kept]
        copies[:, axis] = moved[step, kept]
        index = index[kept]
    return copies @ frame, index, chosen @ frame
