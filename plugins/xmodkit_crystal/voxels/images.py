"""Atoms as Gaussians on grids: one grid that the cell stretches, and one that it does not.

Source: Noh et al., Matter 1, 1370 (2019), supplement. Only voxels within reach of an atom are
computed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit_crystal.structure import Crystal

__all__ = ["CUT", "cell_image", "cut_radius", "species_images"]

Voxels = NDArray[np.float32]
# An atom's image is 0 where it would be lower.
CUT = 0.02


def cell_image(cell: NDArray[np.float64], size: int = 32, sigma: float = 0.26) -> Voxels:
    """Return the image (size, size, size) of one atom in the middle of a cell (3, 3), rows in A.

    Voxel (i, j, k) lies at the fractional position (i, j, k) / size, so the blob's shape is the
    metric: exp(-d^2 / (2 sigma^2)) with d the distance in A to the nearest of the atom's periodic
    images, 0 where that is below 0.02.
    """
    # A sphere of radius r reaches r |a*| along a in fractional coordinates.
    reach = cut_radius(sigma) * np.linalg.norm(np.linalg.inv(cell), axis=0)
    steps = [np.arange(-count, count + 1) for count in np.ceil(reach * size).astype(int)]
    metric = cell @ cell.T / size**2
    i, j, k = np.ix_(*steps)
    squared = metric[0, 0] * i**2 + (metric[1, 1] * j + 2 * metric[0, 1] * i) * j
    squared = squared + (metric[2, 2] * k + 2 * (metric[0, 2] * i + metric[1, 2] * j)) * k
    image = np.zeros((size,) * 3, np.float32)
    places = np.ix_(*((step + size // 2) % size for step in steps))
    # Where a cell is so flat that the atom meets its own images, the nearest counts.
    np.maximum.at(image, places, _cut(np.exp(squared / (-2 * sigma**2))).astype(np.float32))
    return image


def species_images(
    crystal: Crystal, size: int = 64, edge: float = 15.0, sigma: float = 0.26
) -> tuple[tuple[int, ...], Voxels]:
    """Return the species (s,), atomic numbers ascending, and their images (s, size, size, size).

    Positions in A, moved so that their plain mean sits in the middle of a periodic cube with an
    edge of `edge` A; voxel (i, j, k) lies at (i, j, k) * edge / size. Each atom adds
    exp(-d^2 / (2 sigma^2)), nothing where that is below 0.02.

    Which periodic image of an atom is meant is up to the crystal: positions are taken as they are
    and never wrapped into the cell, so a cluster across its border stays whole. `canonical`
    decides it for every crystal alike.
    """
    numbers = crystal.species
    positions = crystal.cartesian - crystal.cartesian.mean(axis=0) + edge / 2
    step = edge / size
    half = int(np.ceil(cut_radius(sigma) / step))
    nearest = np.rint(positions / step).astype(int)
    voxels = nearest[:, :, None] + np.arange(-half, half + 1)  # (n, xyz, w)
    profiles = np.exp((voxels * step - positions[:, :, None]) ** 2 / (-2 * sigma**2))
    blobs = _cut(np.einsum("nx,ny,nz->nxyz", *profiles.swapaxes(0, 1)))
    x, y, z = (voxels % size).swapaxes(0, 1)
    images = np.zeros((len(numbers), size, size, size), np.float32)
    which = np.searchsorted(numbers, crystal.numbers)[:, None, None, None]
    places = which, x[:, :, None, None], y[:, None, :, None], z[:, None, None, :]
    np.add.at(images, places, blobs.astype(np.float32))
    return numbers, images


def cut_radius(sigma: float) -> float:
    """Return how far from an atom its image ends, in A: 2.8 sigma."""
    return float(sigma * np.sqrt(-2 * np.log(CUT)))


def _cut(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values[values < CUT] = 0
    return values
