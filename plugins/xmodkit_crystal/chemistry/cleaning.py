"""What is done to decoded crystals first: merge atoms that were found twice, drop stray anions.

The rules are those of Noh et al., Matter 1, 1370 (2019), supplement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit_crystal.chemistry.contacts import is_nonmetal, limits
from xmodkit_crystal.chemistry.distances import nearest_vectors, separations
from xmodkit_crystal.structure import Crystal

__all__ = ["clean", "drop_anions", "merge"]

_FLAT_A3 = 1e-3


def clean(crystal: Crystal) -> Crystal:
    """Return the crystal with like atoms merged that lie too near, and then without anions that do.

    What is too near, `contacts.limits` says. A crystal that is not finite, or whose cell is flat,
    comes back as it is, for `validity.judge` to refuse.
    """
    finite = np.isfinite(crystal.cell).all() and np.isfinite(crystal.fractional).all()
    if not finite or crystal.volume < _FLAT_A3:
        return crystal
    return drop_anions(merge(crystal))


def merge(crystal: Crystal) -> Crystal:
    """Return the crystal with each cluster of like atoms nearer than their limit as one atom.

    The nearest two become one at their mean, weighted by how many atoms each has come from, until
    none are too near: a peak that noise has split lies between its parts, and the order of atoms
    does not matter. (The authors' script keeps the first.) An atom is never merged with its own
    image: that the cell is too small is for `validity.judge` to say.
    """
    weights = np.ones(len(crystal))
    while (pair := _nearest_too_near(crystal)) is not None:
        kept, gone = pair
        share = weights[gone] / (weights[kept] + weights[gone])
        vector = nearest_vectors(crystal)[kept, gone]
        fractional = crystal.fractional.copy()
        fractional[kept] += share * vector @ np.linalg.inv(crystal.cell)
        weights[kept] += weights[gone]
        keep = np.arange(len(crystal)) != gone
        crystal = _chosen(Crystal(crystal.numbers, fractional, crystal.cell), keep)
        weights = weights[keep]
    return crystal


def drop_anions(crystal: Crystal) -> Crystal:
    """Return the crystal without the anions that lie too near to any cation."""
    anion = is_nonmetal(crystal.numbers)
    near = separations(crystal) < limits(crystal.numbers)
    stray = anion & near[:, ~anion].any(axis=1)
    return _chosen(crystal, ~stray) if stray.any() else crystal


def _nearest_too_near(crystal: Crystal) -> tuple[int, int] | None:
    """Return the like atoms that are nearest to each other for their limit, if too near."""
    if len(crystal) < 2:
        return None
    ratio = separations(crystal) / limits(crystal.numbers)
    like = crystal.numbers[:, None] == crystal.numbers
    ratio[~like | np.tri(len(crystal), dtype=bool)] = np.inf
    first, second = np.unravel_index(int(ratio.argmin()), ratio.shape)
    return (int(first), int(second)) if ratio[first, second] < 1 else None


def _chosen(crystal: Crystal, keep: NDArray[np.bool_]) -> Crystal:
    return Crystal(crystal.numbers[keep], crystal.fractional[keep], crystal.cell)
