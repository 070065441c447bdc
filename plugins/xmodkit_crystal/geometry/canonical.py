"""One crystal for all descriptions of it: rotated, shifted, repeated or in another setting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit_crystal.geometry.descriptions import Descriptions, descriptions
from xmodkit_crystal.geometry.metric import cell_of_metric
from xmodkit_crystal.geometry.primitive import primitive
from xmodkit_crystal.structure import Crystal

__all__ = ["canonical"]

Floats = NDArray[np.float64]

# Positions lie in -0.07..0.93: no usual coordinate (0, 1/12 .. 11/12) sits on that border, so that
# an atom that moves a little does not jump by a whole edge.
_BORDER = 0.07
MOST_ATOMS = 200  # time grows with the cube of their number


def canonical(crystal: Crystal, tolerance: float = 0.01, most_atoms: int = MOST_ATOMS) -> Crystal:
    """Return the one crystal that stands for all descriptions of it.

    Primitive, Niggli-reduced, in standard orientation (a along x, b in the xy plane,
    right-handed), an atom of the rarest species at the origin, fractional positions in
    -0.07..0.93, atoms sorted by species, then position. Any rotation, supercell, origin, order of
    atoms or setting of the input gives the same result to rounding noise; enantiomorphs stay two.

    Of all equally reduced cells and origins the one with the lowest score is taken, and the mean
    of all that lie within `tolerance` A of it: a structure that is symmetric within the tolerance
    comes out symmetric. What is left: where a length, angle or displacement differs from symmetry
    by the tolerance itself, noise decides on which side it falls. Raise `DataError` as `primitive`
    does, and for more than `most_atoms` in the primitive cell.
    """
    reduced = primitive(crystal, tolerance)
    if len(reduced) > most_atoms:
        raise DataError(
            f"{len(reduced)} atoms in the primitive cell, at most {most_atoms} expected"
        )
    every = descriptions(reduced, tolerance)
    metric, fractional = _mean(every, tolerance)
    fractional = np.mod(fractional + _BORDER, 1) - _BORDER
    cell = cell_of_metric(metric)
    order = _order(every.numbers, fractional, tolerance / np.sqrt(metric.diagonal()))
    return Crystal(every.numbers[order], fractional[order], cell)


def _mean(every: Descriptions, tolerance: float) -> tuple[Floats, Floats]:
    """Return metric (3, 3) and positions (n, 3): the mean of the best description and its like."""
    best = int(every.score().argmin())
    metric = every.metrics[best]
    moved = [every.displacements(best, other) for other in range(len(every.metrics))]
    same = [k for k, by in enumerate(moved) if _longest(by, metric) <= tolerance]
    mean = np.mean([moved[k] for k in same], axis=0)
    return every.metrics[same].mean(axis=0), every.fractional[best] + mean


def _longest(vectors: Floats, metric: Floats) -> float:
    """Return the length in A of the longest of fractional vectors (n, 3)."""
    return float(np.sqrt(np.einsum("ni,ij,nj->n", vectors, metric, vectors).max()))


def _order(numbers: NDArray[np.int64], fractional: Floats, width: Floats) -> NDArray[np.intp]:
    """Return the order of atoms by number, x, y, z, where coordinates within `width` are equal."""
    ranks = np.empty(fractional.shape, int)
    for axis, values in enumerate(fractional.T):
        by_value = values.argsort(kind="stable")
        steps = np.diff(values[by_value], prepend=values[by_value[0]]) > width[axis]
        ranks[by_value, axis] = np.cumsum(steps)
    return np.lexsort((*ranks.T[::-1], numbers))
