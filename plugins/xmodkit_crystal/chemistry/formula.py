"""Formulas as chemists write them."""

from __future__ import annotations

from collections import Counter
from math import gcd

import numpy as np
from numpy.typing import NDArray

from xmodkit.structures.elements import symbol
from xmodkit_crystal.chemistry.contacts import is_nonmetal

__all__ = ["reduced_formula"]


def reduced_formula(numbers: NDArray[np.int64]) -> str:
    """Return the formula of atoms (n,) over their common divisor, metals first: `V2O3`."""
    counts = Counter(numbers.tolist())
    least = gcd(*counts.values())
    order = sorted(counts, key=lambda number: (bool(is_nonmetal(np.array(number))), number))
    parts = ((symbol(number), counts[number] // least) for number in order)
    return "".join(f"{name}{count if count > 1 else ''}" for name, count in parts)
