"""Whether oxidation states balance, from the composition alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import MissingExtraError
from xmodkit_crystal.chemistry.contacts import is_nonmetal

__all__ = ["electronegativity", "oxidation_states", "oxidation_sum"]

Range = tuple[float, float]


def oxidation_sum(numbers: NDArray[np.int64]) -> float:
    """Return the sum of oxidation states over atoms (n,) that is nearest to zero; 0: they balance.

    See `oxidation_states` for what each may have; atoms of one element may differ.
    """
    counts = Counter(numbers.tolist())
    ranges = oxidation_states(counts)
    least = sum(count * ranges[number][0] for number, count in counts.items())
    most = sum(count * ranges[number][1] for number, count in counts.items())
    return float(min(max(0.0, least), most))


def oxidation_states(counts: Mapping[int, int]) -> dict[int, Range]:
    """Return the least and the greatest oxidation state that each element may have in a compound.

    They are those that occur in the ICSD by pymatgen's table (V +2 to +5, O -2). The most
    electronegative element is an anion, metals are cations, other nonmetals may be either. All
    are 0 in a compound without nonmetals. Raise `MissingExtraError` without pymatgen.
    """
    nonmetals = [number for number in counts if is_nonmetal(np.array(number))]
    if not nonmetals or len(counts) == 1:
        return dict.fromkeys(counts, (0.0, 0.0))
    anion = max(nonmetals, key=electronegativity)
    return {number: _range(number, number == anion, number in nonmetals) for number in counts}


def electronegativity(number: int) -> float:
    """Return Pauling's electronegativity of an element, 0 where there is none.

    Of noble gases too: they are no anions. Raise `MissingExtraError` without pymatgen.
    """
    return _known(number)[1]


def _range(number: int, is_anion: bool, is_nonmetal_: bool) -> Range:
    states = _known(number)[0]
    if is_anion:
        states = tuple(state for state in states if state < 0)
    elif not is_nonmetal_:
        states = tuple(state for state in states if state > 0)
    return (min(states), max(states)) if states else (0.0, 0.0)


@cache
def _known(number: int) -> tuple[tuple[float, ...], float]:
    """Return the oxidation states that an element has in crystals, and its electronegativity."""
    try:
        from pymatgen.core.periodic_table import Element
    except ImportError as error:
        raise MissingExtraError("oxidation states", "pymatgen", "crystal") from error
    element = Element.from_Z(number)
    states = element.icsd_oxidation_states or element.common_oxidation_states
    # Of elements without electronegativity `element.X` would warn.
    attracts = 0.0 if element.is_noble_gas else float(element.data.get("X") or 0.0)
    return tuple(map(float, states)), attracts
