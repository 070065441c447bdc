"""The published way from voxel images back to a crystal, re-implemented to be compared with.

Source: Noh et al., Matter 1, 1370 (2019) and its authors' scripts: lengths and angles of the cell
from the faintest voxel on each of six lines, atoms at the centres of the brightest voxels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, gaussian_filter, generate_binary_structure, maximum_filter

from xmodkit.errors import DataError
from xmodkit.modality import Arrays
from xmodkit_crystal.geometry import cell_of_parameters
from xmodkit_crystal.structure import Crystal

__all__ = ["published_atoms", "published_cell", "published_crystal"]

Floats = NDArray[np.float64]
# The edges a, b, c, then the diagonals of the faces bc, ac, ab.
_LINES = np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0)])
_BACKGROUND = 0.02


def published_cell(image: NDArray[np.floating], sigma: float = 0.26) -> tuple[Floats, Floats]:
    """Return lengths in A and angles in degrees (3,) each, NaN where a line gives no angle.

    The lowest value above 0 on a line, N voxels from the middle, fixes the length of its vector:
    sqrt(-2 sigma^2 ln p) size / N.
    """
    size = len(image)
    steps = np.arange(size) - size // 2
    a, b, c, bc, ac, ab = (_length(image, line, steps, sigma) for line in _LINES)
    with np.errstate(invalid="ignore"):
        cosines = np.array(
            [
                (bc**2 - b**2 - c**2) / (2 * b * c),
                (ac**2 - a**2 - c**2) / (2 * a * c),
                (ab**2 - a**2 - b**2) / (2 * a * b),
            ]
        )
        return np.array([a, b, c]), np.degrees(np.arccos(cosines))


def _length(
    image: NDArray[np.floating], line: NDArray[np.int_], steps: NDArray[np.int_], sigma: float
) -> float:
    values = image[tuple((steps[:, None] * line + len(image) // 2).T)]
    seen = np.flatnonzero((values > 0) & (steps != 0))
    if not len(seen):
        return float("nan")
    lowest = seen[values[seen].argmin()]
    with np.errstate(invalid="ignore"):  # noise may lift a value above 1
        radius = np.sqrt(-2 * sigma**2 * np.log(values[lowest]))
    return float(radius * len(image) / abs(steps[lowest]))


def published_atoms(image: NDArray[np.floating], edge: float = 15.0) -> Floats:
    """Return the positions (n, 3) in A of local maxima: the centres of their voxels."""
    smooth = gaussian_filter(image, 0.15)
    neighbours = generate_binary_structure(3, 2)  # 18
    highest = maximum_filter(smooth, footprint=neighbours, mode="wrap") == smooth
    background = smooth < _BACKGROUND
    eroded = binary_erosion(background, structure=neighbours, border_value=1)
    return np.asarray(np.argwhere(highest & ~eroded) * (edge / len(image)), np.float64)


def published_crystal(images: Arrays) -> Crystal | None:
    """Return the crystal of one row's fields of VOXELS, None where no cell or no atom is seen.

    The mean of the positions is put into the middle of the cell, and positions are wrapped.
    """
    used = images["species"] > 0
    found = [published_atoms(image) for image in images["species_images"][used]]
    numbers = np.repeat(images["species"][used].astype(np.int64), list(map(len, found)))
    lengths, angles = published_cell(images["cell_image"])
    if not len(numbers) or not np.isfinite([*lengths, *angles]).all():
        return None
    try:
        cell = cell_of_parameters(lengths, angles)
        inverse = np.linalg.inv(cell)
    except (DataError, np.linalg.LinAlgError):
        return None
    positions = np.concatenate(found)
    centred = positions - positions.mean(axis=0) + cell.sum(axis=0) / 2
    return Crystal(numbers, np.mod(centred @ inverse, 1), cell)
