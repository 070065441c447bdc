"""What needs no network, for `imatgen_reconstruct.py`: an ideal prototype, or the nearest formula.

Both are told the elements of a crystal, and how many there are of each; nothing of its places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from xmodkit.structures.elements import covalent_radii
from xmodkit_crystal.chemistry.contacts import is_nonmetal
from xmodkit_crystal.structure import Crystal

__all__ = ["ideal_perovskites", "nearest_formulas"]

Floats = NDArray[np.float64]
_IDEAL = np.array([(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)])
_OTHER_KIND_A = 1.0  # a metal for a nonmetal counts as a radius that is wrong by so much


def ideal_perovskites(known: Sequence[Crystal], asked: Sequence[Crystal]) -> list[Crystal | None]:
    """Return ideal ABX3, the right species on its sites, in one cube: the mean of known edges.

    None for a crystal whose atoms are not nearest to five different sites.
    """
    edge = float(np.mean([one.volume ** (1 / 3) for one in known]))
    return [_ideal(one, np.eye(3) * edge) for one in asked]


def _ideal(truth: Crystal, cell: Floats) -> Crystal | None:
    """Return the ideal crystal whose site each atom is nearest to, whatever lies at the origin."""
    best: tuple[float, NDArray[np.intp]] | None = None
    for origin in truth.fractional:
        apart = (truth.fractional - origin)[:, None] - _IDEAL
        squared = ((apart - np.rint(apart)) ** 2).sum(axis=-1)  # (atoms, sites)
        site = squared.argmin(axis=1)
        if len(truth) == len(_IDEAL) == len(set(site.tolist())):
            total = float(squared.min(axis=1).sum())
            if best is None or total < best[0]:
                best = total, site
    return None if best is None else Crystal(truth.numbers, _IDEAL[best[1]], cell)


def nearest_formulas(known: Sequence[Crystal], asked: Sequence[Crystal]) -> list[Crystal | None]:
    """Return, for each crystal, the known one with the most alike formula, its species replaced.

    As many atoms, in the same proportions (an anonymous formula: A2BC4); then the covalent radii
    of what is replaced differ least, a metal for a nonmetal last. The cell keeps its shape and
    gets the mean volume per atom of known crystals. None where no known one has the proportions.
    """
    volume = float(np.mean([one.volume / len(one) for one in known]))
    patterns: dict[tuple[int, ...], list[Crystal]] = {}
    for one in known:
        patterns.setdefault(_pattern(one), []).append(one)
    return [_replaced(one, patterns.get(_pattern(one), ()), volume) for one in asked]


def _pattern(crystal: Crystal) -> tuple[int, ...]:
    return tuple(sorted(Counter(crystal.numbers.tolist()).values()))


def _replaced(asked: Crystal, known: Sequence[Crystal], volume: float) -> Crystal | None:
    ways = ((cost, row, way) for row, one in enumerate(known) for cost, way in _ways(asked, one))
    best = min(ways, key=lambda found: found[:2], default=None)
    if best is None:
        return None
    _, row, way = best
    one = known[row]
    numbers = np.array([way[int(number)] for number in one.numbers])
    scale = (volume * len(one) / one.volume) ** (1 / 3)
    return Crystal(numbers, one.fractional, one.cell * scale)


def _ways(asked: Crystal, known: Crystal) -> list[tuple[float, dict[int, int]]]:
    """Return the ways to replace species of a known crystal by those asked for, with their cost."""
    wanted, given = (Counter(one.numbers.tolist()) for one in (asked, known))
    found = []
    for order in permutations(wanted):
        if all(wanted[new] == given[old] for new, old in zip(order, given, strict=True)):
            way = dict(zip(given, order, strict=True))
            found.append((sum(given[old] * _cost(old, new) for old, new in way.items()), way))
    return found


def _cost(old: int, new: int) -> float:
    radii, kinds = covalent_radii()[[old, new]], is_nonmetal(np.array([old, new]))
    return float(abs(radii[0] - radii[1]) + _OTHER_KIND_A * (kinds[0] != kinds[1]))
