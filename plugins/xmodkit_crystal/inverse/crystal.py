"""A crystal from the images that a network decodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit_crystal.inverse.atoms import atoms_of
from xmodkit_crystal.inverse.cell import cell_of
from xmodkit_crystal.structure import Crystal

__all__ = ["crystal_of"]

Floats = NDArray[np.float64]
# Two atoms of a species that are nearer than this in A are one, seen on both sides of the cell.
_SAME = 0.5


def crystal_of(
    cell_image: NDArray[np.floating],
    numbers: Sequence[int],
    species_images: NDArray[np.floating],
    *,
    sigma: float = 0.26,
    edge: float = 15.0,
    cell_sigma: float | None = None,
    threshold: float = 0.3,
    counts: Sequence[int] | None = None,
) -> Crystal:
    """Return the crystal of a cell image (M, M, M) and images (s, N, N, N) of species `numbers`.

    The inverse of `cell_image` and `species_images` but for the origin, which images do not hold:
    the mean of the positions sits in the middle of the cell, as the published inverse puts it.
    Positions are wrapped into the cell; of atoms of one species within 0.5 A of each other, also
    across its border, the higher stays. `sigma` and `edge` in A, `cell_sigma` where the cell image
    has another width; `threshold` and `counts` as in `atoms_of`. Raise `DataError` where no cell
    or no atom is seen.
    """
    cell = cell_of(cell_image, sigma if cell_sigma is None else cell_sigma)
    found = atoms_of(species_images, edge, sigma, threshold=threshold, counts=counts)
    if not any(map(len, found)):
        raise DataError(f"no voxel of the species images stands out above {threshold:g}: no atoms")
    species = np.repeat(np.asarray(numbers, np.int64), [len(peaks) for peaks in found])
    positions = _rejoined(np.concatenate([peaks.positions for peaks in found]), edge)
    centred = positions - positions.mean(axis=0) + cell.sum(axis=0) / 2
    fractional = centred @ np.linalg.inv(cell)
    # Twice: a position that is negative by rounding noise would stay at 1.
    fractional = np.mod(np.mod(fractional, 1), 1)
    kept = _without_duplicates(species, fractional, cell)
    return Crystal(species[kept], fractional[kept], cell)


def _rejoined(positions: Floats, edge: float) -> Floats:
    """Return positions (n, 3) of a cluster that the border of a periodic cube may cut.

    Along each axis there are n places where the cube may be cut open; each moves the mean by
    edge / n. The images are centred, so the cut whose mean lies nearest to the middle is right.
    """
    count = len(positions)
    rank = positions.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    turns = (edge / 2 - positions.mean(axis=0)) * count / edge
    first = np.mod(np.rint(turns), count)  # so many atoms lie beyond the far border
    whole = positions + edge * (rank < first)
    return np.asarray(whole)


def _without_duplicates(
    species: NDArray[np.int64], fractional: Floats, cell: Floats
) -> NDArray[np.intp]:
    kept: list[int] = []
    for index, place in enumerate(fractional):
        apart = fractional[kept] - place
        apart -= np.rint(apart)
        near = np.linalg.norm(apart @ cell, axis=1) < _SAME
        if not (near & (species[kept] == species[index])).any():
            kept.append(index)
    return np.asarray(kept)
