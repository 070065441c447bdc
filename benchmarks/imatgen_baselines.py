"""What needs no network: an ideal prototype, the nearest formula, or atoms placed at random.

All are told the elements of a crystal, and how many there are of each; nothing of its places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from xmodkit.errors import DataError
from xmodkit.structures.elements import covalent_radii
from xmodkit_crystal.chemistry.contacts import is_nonmetal
from xmodkit_crystal.chemistry.distances import separations
from xmodkit_crystal.geometry import cell_of_parameters
from xmodkit_crystal.structure import Crystal

__all__ = ["ideal_perovskites", "nearest_formulas", "randomly_placed"]

Floats = NDArray[np.float64]
_IDEAL = np.array([(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)])
_APART_A, _TRIES = 1.6, 200
_ANGLES, _EDGES = (60.0, 120.0), (0.6, 1.6)  # of random cells; edges before they are scaled
_OTHER_KIND_A = 1.0  # a metal for a nonmetal counts as a radius that is wrong by so much


def ideal_perovskites(known: Sequence[Crystal], asked: Sequence[Crystal]) -> list[Crystal | None]:
    """Return ideal ABX3, the right species on its sites, in one cube: the mean of known edges.

    None for a crystal that has not five atoms.
    """
    edge = float(np.mean([one.volume ** (1 / 3) for one in known]))
    return [_ideal(one, np.eye(3) * edge) if len(one) == len(_IDEAL) else None for one in asked]


def _ideal(truth: Crystal, cell: Floats) -> Crystal:
    """Return the ideal crystal whose sites atoms are nearest to, whichever lies at the origin."""
    best, least = np.arange(len(_IDEAL)), np.inf
    for origin in truth.fractional:
        apart = (truth.fractional - origin)[:, None] - _IDEAL
        squared = ((apart - np.rint(apart)) ** 2).sum(axis=-1)  # (atoms, sites)
        rows, sites = linear_sum_assignment(squared)
        if (total := squared[rows, sites].sum()) < least:
            best, least = sites, total
    return Crystal(truth.numbers, _IDEAL[best], cell)


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


def randomly_placed(known: Sequence[Crystal], n: int, seed: int) -> list[Crystal | None]:
    """Return n crystals with the composition and volume of random known ones, and no more of them.

    Random cells, atoms at random places that are 1.6 A or more apart, also from their own images;
    None where a cell has no room for all.
    """
    rng = np.random.default_rng(seed)
    return [_placed(known[int(rng.integers(len(known)))], rng) for _ in range(n)]


def _placed(like: Crystal, rng: np.random.Generator) -> Crystal | None:
    cell = _random_cell(rng)
    cell *= (like.volume / abs(np.linalg.det(cell))) ** (1 / 3)
    fractional = np.zeros((0, 3))
    for _ in range(_TRIES * len(like)):
        tried = np.vstack([fractional, rng.random(3)])
        if separations(Crystal(like.numbers[: len(tried)], tried, cell)).min() > _APART_A:
            fractional = tried
        if len(fractional) == len(like):
            return Crystal(like.numbers, fractional, cell)
    return None


def _random_cell(rng: np.random.Generator) -> Floats:
    while True:
        try:
            return cell_of_parameters(rng.uniform(*_EDGES, 3), rng.uniform(*_ANGLES, 3))
        except DataError:  # angles that close no cell
            continue
