"""All reduced bases of a lattice that no tolerance can tell apart."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["reduced_settings"]

Floats = NDArray[np.float64]


def reduced_settings(metric: Floats, tolerance: float) -> Floats:
    """Return changes of basis (k, 3, 3), whole numbers, det 1, to all equally reduced bases.

    `metric` (3, 3) in A^2 is of a Niggli-reduced cell. Each result has rows u, so that u @ cell
    is a cell of the same lattice: its edges are the shortest there are (a Buerger cell), its
    angles all acute or all obtuse and as far from right as can be, alpha and beta least so
    (Niggli's choice: Gruber, Acta Cryst. A 45, 123 (1989)). Lengths within `tolerance` A and
    angles that move no edge by more are equal, so what comes back is one basis times the group of
    lattice rotations, also where rounding noise hides a symmetry of the lattice or lets a
    reduction flip between two cells.
    """
    changes = _unimodular()
    metrics = changes @ metric @ changes.swapaxes(1, 2)
    lengths = np.sqrt(np.einsum("kii->ki", metrics))
    shortest = np.sort(lengths, axis=1)[lengths.sum(1).argmin()]
    kept = (lengths <= shortest + tolerance).all(axis=1)
    angle = tolerance / shortest[-1]
    found = _cosines(metrics)
    total = found.sum(axis=1)
    # Three acute or three obtuse angles add up, any mixture cancels. Then alpha and beta nearest to
    # right, and of an acute and an obtuse one beside right angles the obtuse.
    for key in (-abs(total), abs(found[:, 0]), abs(found[:, 1]), total):
        kept[kept] = key[kept] <= key[kept].min() + angle
    return np.asarray(changes[kept])


def _cosines(metrics: Floats) -> Floats:
    """Return cosines of alpha, beta and gamma (..., 3) of metric tensors (..., 3, 3)."""
    lengths = np.sqrt(np.einsum("...ii->...i", metrics))
    first, second = [1, 0, 0], [2, 2, 1]
    return np.asarray(metrics[..., first, second] / lengths[..., first] / lengths[..., second])


@cache
def _unimodular() -> Floats:
    """Return all matrices of -1, 0 and 1 with determinant 1: (3480, 3, 3).

    They hold every change between reduced bases of one lattice.
    """
    every = np.array(list(product((-1, 0, 1), repeat=9)), float).reshape(-1, 3, 3)
    return np.asarray(every[np.rint(np.linalg.det(every)) == 1])
