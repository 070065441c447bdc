"""Ordered parameters of a structure, against which components are read: coordination and bonds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xmodkit.structures.elements import covalent_radii
from xmodkit.structures.periodic_table import groups
from xmodkit_xes.study.rows import Floats

__all__ = ["coordination", "leading", "parameters", "spearman"]

_STEEPNESS, _REACH = 16.0, 4 / 3  # of the counting function, as in DFT-D3


def coordination(numbers: NDArray[np.int32], positions: Floats) -> Floats:
    """Return the smooth coordination number (M,) of atom 0 of clusters, in Angstrom.

    Each neighbour counts 1 / (1 + exp(-16 (4/3 (R_0 + R_j) / r - 1))) (Grimme et al. 2010) with
    covalent radii R (Cordero et al. 2008): one half at 4/3 of a single bond, 2.64 Angstrom for
    Cu-O.
    """
    return np.asarray(_bonds(numbers, positions)[0].sum(axis=1))


def parameters(numbers: NDArray[np.int32], positions: Floats) -> Mapping[str, Floats]:
    """Return named parameters (M,) of clusters: coordination, mean bond, and what is bonded.

    The group in the periodic table tells anions (16, 17) from metals.
    """
    bonds, distance = _bonds(numbers, positions)
    count = np.maximum(bonds.sum(axis=1), 1e-9)
    return {
        "coordination number": bonds.sum(axis=1),
        "mean bond / Å": (bonds * distance).sum(axis=1) / count,
        "mean atomic number bonded": (bonds * numbers[:, 1:]).sum(axis=1) / count,
        "mean group bonded": (bonds * groups()[numbers[:, 1:]]).sum(axis=1) / count,
    }


def spearman(one: Floats, other: Floats) -> float:
    """Return the rank correlation of two arrays (N,); 0 where one of them is constant."""
    from scipy.stats import rankdata

    a, b = rankdata(one), rankdata(other)
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def leading(scores: Floats, ordered: Mapping[str, Floats]) -> str:
    """Return the parameter whose rank correlation with one of the scores (N, k) is greatest."""
    return max(ordered, key=lambda name: max(abs(spearman(t, ordered[name])) for t in scores.T))


def _bonds(numbers: NDArray[np.int32], positions: Floats) -> tuple[Floats, Floats]:
    """Return how much each neighbour counts (M, atom - 1), and its distance."""
    distance = np.linalg.norm(positions[:, 1:] - positions[:, :1], axis=-1)
    present = numbers[:, 1:] > 0
    reach = covalent_radii()[numbers[:, :1]] + covalent_radii()[numbers[:, 1:]]
    ratio = _REACH * reach / np.where(present, np.maximum(distance, 1e-6), np.inf)
    exponent = np.clip(-_STEEPNESS * (ratio - 1), -60, 60)
    return present / (1 + np.exp(exponent)), distance
