"""Where the origin of a decoded crystal is put: images do not hold one."""

from __future__ import annotations

from collections import Counter

import numpy as np

from xmodkit_crystal.chemistry.contacts import is_nonmetal
from xmodkit_crystal.structure import Crystal

__all__ = ["from_an_atom"]


def from_an_atom(crystal: Crystal) -> Crystal:
    """Return a crystal with its origin on an atom of its rarest species, of a metal if two are.

    Decoded crystals have no origin of their own; from an atom they look as people know them.
    """
    counts, anion = Counter(crystal.numbers.tolist()), is_nonmetal(crystal.numbers)
    first = min(range(len(crystal)), key=lambda i: (counts[int(crystal.numbers[i])], anion[i]))
    fractional = np.mod(crystal.fractional - crystal.fractional[first], 1)
    return Crystal(crystal.numbers, fractional, crystal.cell)
