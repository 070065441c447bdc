"""How near two atoms of a crystal may come: the published limits for V and O, for all elements."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from xmodkit.structures.elements import LAST_ELEMENT, atomic_number, covalent_radii

__all__ = ["is_nonmetal", "limits"]

# Published limits over the sum of two covalent radii (V 1.53, O 0.66 A): V-V 1.6 A, O-O 1.3 A, V-O
# 1.2 A (Noh et al., Matter 1, 1370 (2019), supplement). Unlike atoms get the last, whatever they
# are: bonds such as S-O and P-O are as short in these units as those of a cation and an anion.
_LIKE_METALS = 1.6 / (2 * 1.53)  # 0.523
_LIKE_NONMETALS = 1.3 / (2 * 0.66)  # 0.985
_UNLIKE = 1.2 / (1.53 + 0.66)  # 0.548

# C and N bind to themselves by triple bonds too, of 0.78 in these units (cyanides, azides).
_LIKE_TRIPLE = 0.75
_TRIPLE = (6, 7)

_NONMETALS = "H He C N O F Ne P S Cl Ar As Se Br Kr Te I Xe At Rn"


def limits(numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the shortest distance that each pair of atoms (n,) may have, A (n, n)."""
    radii = covalent_radii()[numbers]
    like = np.where(is_nonmetal(numbers), _LIKE_NONMETALS, _LIKE_METALS)
    like[np.isin(numbers, _TRIPLE)] = _LIKE_TRIPLE
    factors = np.where(numbers[:, None] == numbers, like, _UNLIKE)
    return np.asarray(factors * (radii[:, None] + radii))


def is_nonmetal(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which atoms are of elements that form anions."""
    return np.asarray(_nonmetals()[numbers])


@cache
def _nonmetals() -> NDArray[np.bool_]:
    out = np.zeros(LAST_ELEMENT + 1, bool)
    out[[atomic_number(name) for name in _NONMETALS.split()]] = True
    return out
