"""Properties of the elements that a network sees, so that it can tell of elements it rarely met."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit.structures.elements import LAST_ELEMENT, covalent_radii
from xmodkit.structures.periodic_table import groups

__all__ = ["PROPERTIES", "properties"]

PROPERTIES = (
    "is there",
    "electronegativity",
    "covalent radius",
    "period",
    "group",
    "alkaline",
    "d block",
    "p block, groups 13 and 14",
    "p block, groups 15 and 16",
    "halogen",
    "hydrogen",
)

# Pauling's scale by atomic number from 1 (Allred 1961 and later additions); 0 where none is known.
_ELECTRONEGATIVITY = (
    2.20, 0, 0.98, 1.57, 2.04, 2.55, 3.04, 3.44, 3.98, 0, 0.93, 1.31, 1.61, 1.90, 2.19, 2.58, 3.16,
    0, 0.82, 1.00, 1.36, 1.54, 1.63, 1.66, 1.55, 1.83, 1.88, 1.91, 1.90, 1.65, 1.81, 2.01, 2.18,
    2.55, 2.96, 3.00, 0.82, 0.95, 1.22, 1.33, 1.6, 2.16, 1.9, 2.2, 2.28, 2.20, 1.93, 1.69, 1.78,
    1.96, 2.05, 2.1, 2.66, 2.6, 0.79, 0.89, 1.10, 1.12, 1.13, 1.14, 1.13, 1.17, 1.2, 1.20, 1.1,
    1.22, 1.23, 1.24, 1.25, 1.1, 1.27, 1.3, 1.5, 2.36, 1.9, 2.2, 2.20, 2.28, 2.54, 2.00, 1.62,
    2.33, 2.02, 2.0, 2.2, 0, 0.7, 0.9, 1.1, 1.3, 1.5, 1.38, 1.36, 1.28,
)  # fmt: skip
_UNKNOWN = 1.3  # of the heaviest elements
_PERIOD_ENDS = (2, 10, 18, 36, 54, 86, 118)


def properties() -> NDArray[np.float32]:
    """Return the properties (element, property), each of the order of 1; row 0 is padding."""
    number = np.arange(LAST_ELEMENT + 1)
    group = groups()
    period = np.searchsorted(_PERIOD_ENDS, number) + 1
    electronegativity = np.full(len(number), _UNKNOWN)
    electronegativity[1 : len(_ELECTRONEGATIVITY) + 1] = _ELECTRONEGATIVITY
    columns = (
        np.ones(len(number)),
        electronegativity / 2 - 1,
        covalent_radii()[: len(number)] - 1.3,
        period / 3 - 1,
        group / 9 - 1,
        group <= 2,
        (group >= 3) & (group <= 12),
        (group == 13) | (group == 14),
        (group == 15) | (group == 16),
        group == 17,
        number == 1,
    )
    table = np.stack(columns, axis=1).astype(np.float32)
    table[0] = 0
    return table
