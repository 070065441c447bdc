"""The elements' groups in the periodic table."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from xmodkit.structures.elements import LAST_ELEMENT

__all__ = ["groups"]

_NOBLE = (0, 2, 10, 18, 36, 54, 86, 118)


@cache
def groups() -> NDArray[np.float64]:
    """Return the group (1 to 18; lanthanides and actinides 3) by atomic number; 0 for none."""
    out = np.zeros(LAST_ELEMENT + 1)
    for number in range(1, len(out)):
        before = max(noble for noble in _NOBLE if noble < number)
        place, length = number - before, _NOBLE[_NOBLE.index(before) + 1] - before
        if place > 2 or number == _NOBLE[1]:
            place = max(place + 18 - length, 3)  # rows end with group 18
        out[number] = place
    return out
