"""Atoms in voxel images: where, and how sure.

Local maxima say how many there are and roughly where; a Gaussian fitted to the voxels around each
says it to a hundredth of a voxel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit_crystal.inverse.gaussians import refine
from xmodkit_crystal.inverse.library import scipy_part

__all__ = ["Peaks", "atoms_of"]

Floats = NDArray[np.float64]
_SMOOTHING = 0.5  # sigma: less noise, and still two maxima for two atoms
# Two maxima of one atom end in one place; two atoms of a species are 1.2 A apart or more.
_APART = 0.5
# More maxima than any crystal that fits the images has atoms, by far: noise, whose fit takes long.
_MOST = 100


@dataclass(frozen=True, eq=False)
class Peaks:
    """Atoms of one species, most certain first: positions (n, 3) in A, 0..edge, heights (n,).

    A height is the fitted peak: 1 in a perfect image.
    """

    positions: Floats
    heights: Floats

    def __len__(self) -> int:
        return len(self.heights)


def atoms_of(
    images: NDArray[np.floating],
    edge: float = 15.0,
    sigma: float = 0.26,
    *,
    threshold: float = 0.3,
    counts: Sequence[int] | None = None,
) -> tuple[Peaks, ...]:
    """Return the atoms in images (s, N, N, N) as `species_images` makes them, per species.

    `edge` of the periodic cube and `sigma` in A: the voxel, edge / N, may be 1.2 sigma at most.
    Atoms lower than `threshold` are left out, and so are all but the highest `counts` of a
    species where the formula is known. Raise `DataError` for images that are not finite cubes,
    too coarse for the width, or of noise: more than 100 maxima.
    """
    if images.ndim != 4 or len(set(images.shape[1:])) != 1:
        raise DataError(f"species images of shape {images.shape}, (species, N, N, N) expected")
    if not np.isfinite(images).all():
        raise DataError("the species images have voxels that are not finite numbers")
    step = edge / images.shape[1]
    if step > 1.2 * sigma:
        raise DataError(
            f"voxels of {step:.2f} A, at most {1.2 * sigma:.2f} A expected for atoms of width "
            f"{sigma:g} A: use more voxels or wider atoms"
        )
    most = counts if counts is not None else [None] * len(images)
    found = (_peaks(image, step, sigma, threshold) for image in images)
    return tuple(
        Peaks(peaks.positions[:count], peaks.heights[:count])
        for peaks, count in zip(found, most, strict=True)
    )


def _peaks(image: NDArray[np.floating], step: float, sigma: float, threshold: float) -> Peaks:
    ndimage = scipy_part("ndimage")
    smooth = ndimage.gaussian_filter(image, _SMOOTHING * sigma / step, mode="wrap", truncate=3)
    # Smoothing lowers a peak by this much; half of what is asked leaves room for one off the grid.
    kept = (1 + _SMOOTHING**2) ** -1.5
    highest = (smooth == ndimage.maximum_filter(smooth, 3, mode="wrap")) & (
        smooth > threshold * kept / 2
    )
    edge = len(image) * step
    maxima = np.asarray(np.argwhere(highest) * step, np.float64)
    if len(maxima) > _MOST:
        raise DataError(f"{len(maxima)} maxima in the image of one species: noise, not atoms")
    alone = refine(image, maxima, step, sigma)
    seen = _distinct(alone, edge, threshold)
    # Tails of neighbours pull at a fit: now that they are known, they are subtracted.
    return _distinct(refine(image, seen.positions, step, sigma, overlap=True), edge, threshold)


def _distinct(fitted: tuple[Floats, Floats], edge: float, threshold: float) -> Peaks:
    """Return the peaks that are high enough, without those that lie on a higher one."""
    positions, heights = fitted
    kept: list[int] = []
    for index in np.argsort(-heights, kind="stable"):
        apart = positions[kept] - positions[index]
        apart -= edge * np.rint(apart / edge)
        if heights[index] >= threshold and (np.linalg.norm(apart, axis=1) > _APART).all():
            kept.append(int(index))
    return Peaks(np.mod(positions[kept], edge), heights[kept])
