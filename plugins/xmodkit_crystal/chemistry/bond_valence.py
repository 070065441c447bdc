"""How large the cell of a crystal is: as the bond valences of its ions ask."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import MissingExtraError
from xmodkit.structures.elements import covalent_radii
from xmodkit_crystal.chemistry.distances import image_distances
from xmodkit_crystal.chemistry.oxidation import oxidation_states
from xmodkit_crystal.structure import Crystal

__all__ = ["balanced_states", "scaled"]

Floats = NDArray[np.float64]

_SOFTNESS_A = 0.37  # Brown and Altermatt, Acta Cryst. B 41, 244 (1985)
_PRECISION = 1e-9  # of the scale


def scaled(crystal: Crystal) -> Crystal:
    """Return a neutral crystal with its cell scaled until bond valences sum to the ions' charges.

    The valence of a bond of length d is exp((R - d) / 0.37 A), with R from the table of O'Keeffe
    and Brese, J. Am. Chem. Soc. 113, 3226 (1991). So fourfold coordinated V5+ gets shorter bonds
    than sixfold V3+, whatever compound a structure type was found in. Without cations and anions,
    the nearest atoms are put at the sum of their covalent radii. Raise `MissingExtraError` without
    pymatgen.
    """
    states = balanced_states(crystal.numbers)
    charges = np.array([states[number] for number in crystal.numbers.tolist()])
    bonded = (charges[:, None] > 0) & (charges < 0)
    distances = image_distances(crystal)
    if not bonded.any():
        radii = covalent_radii()[crystal.numbers]
        scale = float(((radii[:, None] + radii) / np.where(distances > 0, distances, np.inf)).max())
    else:
        lengths = np.array([[_length(a, b) for b in crystal.numbers] for a in crystal.numbers])
        scale = _scale(distances[:, bonded], lengths[bonded], float(charges[charges > 0].sum()))
    return Crystal(crystal.numbers, crystal.fractional, scale * crystal.cell)


def balanced_states(numbers: NDArray[np.int64]) -> dict[int, float]:
    """Return a mean oxidation state for each element of a neutral composition (n,).

    All elements stand at the same share of their ranges that makes the sum zero: in V2O3 V is +3.
    """
    counts = Counter(numbers.tolist())
    ranges = oxidation_states(counts)
    least = sum(count * ranges[number][0] for number, count in counts.items())
    most = sum(count * ranges[number][1] for number, count in counts.items())
    share = -least / (most - least) if most > least else 0.0
    return {number: low + share * (high - low) for number, (low, high) in ranges.items()}


def _scale(distances: Floats, lengths: Floats, charge: float) -> float:
    """Return the factor on distances (images, pairs) at which valences sum to a charge."""
    low, high = 0.05, 20.0
    while high - low > _PRECISION * low:
        middle = float(np.sqrt(low * high))
        valences = np.exp((lengths - middle * distances) / _SOFTNESS_A).sum()
        low, high = (middle, high) if valences > charge else (low, middle)
    return low


@cache
def _length(first: int, second: int) -> float:
    """Return the length of a bond of valence 1 between two elements, A (equation 7 there)."""
    try:
        from pymatgen.analysis.bond_valence import BV_PARAMS
        from pymatgen.core.periodic_table import Element
    except ImportError as error:
        raise MissingExtraError("bond valences", "pymatgen", "crystal") from error
    elements = (Element.from_Z(first), Element.from_Z(second))
    if any(element not in BV_PARAMS for element in elements):
        return float(covalent_radii()[[first, second]].sum())
    (r1, c1), (r2, c2) = ((BV_PARAMS[e]["r"], BV_PARAMS[e]["c"]) for e in elements)
    return float(r1 + r2 - r1 * r2 * (np.sqrt(c1) - np.sqrt(c2)) ** 2 / (c1 * r1 + c2 * r2))
