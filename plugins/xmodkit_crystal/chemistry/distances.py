"""Shortest distances in a periodic crystal, between atoms and between an atom and its images."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from xmodkit_crystal.spglib_calls import spglib_found
from xmodkit_crystal.structure import Crystal

__all__ = ["image_distances", "nearest_vectors", "reduced", "separations"]

Floats = NDArray[np.float64]

_NEIGHBOURS = np.array(list(product((-1, 0, 1), repeat=3)), float)


def separations(crystal: Crystal) -> Floats:
    """Return how far each atom lies from the nearest image of each other one, A (n, n).

    On the diagonal stands how far an atom lies from its own nearest image.
    """
    cell = reduced(crystal.cell)
    vectors = _nearest(crystal.cartesian, cell)
    out = np.asarray(np.linalg.norm(vectors, axis=-1))
    # Of a reduced cell, the shortest lattice vector is its shortest row.
    np.fill_diagonal(out, np.linalg.norm(cell, axis=1).min())
    return out


def nearest_vectors(crystal: Crystal) -> Floats:
    """Return the vectors from atom i to the nearest image of atom j, A (n, n, 3)."""
    return _nearest(crystal.cartesian, reduced(crystal.cell))


def reduced(cell: Floats) -> Floats:
    """Return the Niggli-reduced vectors (3, 3) of a lattice; the cell as it is if there are none.

    The nearest image of an atom lies in the reduced cell or in one of its 26 neighbours (Nguyen
    and Stehle, ACM Trans. Algorithms 5, 46 (2009), for three dimensions). Raise
    `MissingExtraError` without spglib.
    """
    found = spglib_found("niggli_reduce", cell)
    return np.asarray(cell if found is None else found, np.float64)


def image_distances(crystal: Crystal) -> Floats:
    """Return how far atom i lies from 27 images of atom j, the nearest among them, A (27, n, n)."""
    cell = reduced(crystal.cell)
    return np.asarray(np.linalg.norm(_images(crystal.cartesian, cell), axis=-1))


def _images(places: Floats, cell: Floats) -> Floats:
    """Return vectors from each place to the images of each other one (27, n, n, 3)."""
    fractional = (places[None] - places[:, None]) @ np.linalg.inv(cell)
    within = (fractional - np.rint(fractional)) @ cell
    return np.asarray(within + (_NEIGHBOURS @ cell)[:, None, None])


def _nearest(places: Floats, cell: Floats) -> Floats:
    vectors = _images(places, cell)
    nearest = np.einsum("kijx,kijx->kij", vectors, vectors).argmin(axis=0)
    return np.asarray(np.take_along_axis(vectors, nearest[None, ..., None], axis=0)[0])
