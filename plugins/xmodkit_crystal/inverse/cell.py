"""The cell behind its voxel image: least squares on the metric over the blob in the middle.

A voxel at fractional offset o from the middle holds A exp(-o G o / (2 sigma^2)), with G the metric
tensor. Where it stands out from noise, that fixes G and A.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit_crystal.geometry.metric import cell_of_metric
from xmodkit_crystal.inverse.library import scipy_part

__all__ = ["CellFit", "cell_of", "fit_cell"]

Floats = NDArray[np.float64]
# What is fitted of the blob: voxels that the previous fit puts above this. Images end at 0.02;
# just above it noise that is cut off there would bend the tail.
_FLOORS = (0.25, 0.026, 0.026)
_LEAST_REACH = 1.0  # sigma
# A first guess takes the highest voxels, down to these shares of the peak, until it has enough.
_LEVELS, _ENOUGH = (0.6, 0.45, 0.35, 0.25, 0.17), 30
# What a blob must be: a peak, and a remainder of the fit that is small beside it.
_LEAST_PEAK, _MOST_MISFIT = 0.1, 0.25
_LEAST_EDGE = 2.0  # sigma: in a smaller cell the atom's images are one
_LOWER = np.tril_indices(3)
_NEIGHBOURS = np.array([shift for shift in product((-1, 0, 1), repeat=3) if any(shift)])


@dataclass(frozen=True, eq=False)
class CellFit:
    """A cell (3, 3) in standard orientation, and how well it explains the image.

    `amplitude` is the peak, 1 in a perfect image; `misfit` the root mean square of what the fit
    leaves of the `voxels` that it rests on.
    """

    cell: Floats
    amplitude: float
    misfit: float
    voxels: int


def cell_of(image: NDArray[np.floating], sigma: float = 0.26) -> Floats:
    """Return the cell (3, 3), rows in A in standard orientation, of what `cell_image` makes.

    `sigma` in A is the width of the atom in the image. Amplitude is fitted with the metric; width
    cannot be: a blob k times wider is that of a cell 1 / k as long with the same angles. Where a
    network is known to blur, give the width that it makes. Raise `DataError` as `fit_cell` does.
    """
    return fit_cell(image, sigma).cell


def fit_cell(image: NDArray[np.floating], sigma: float = 0.26) -> CellFit:
    """Return the cell of an image (size, size, size) with what tells whether to believe it.

    Least squares (Levenberg-Marquardt) on the voxels that the previous fit puts above 0.026, none
    of them nearer to another periodic image of the atom. Raise `DataError` for an image that is
    not a finite cube or has no blob in the middle.
    """
    values = _checked(image)
    size = len(values)
    cell, amplitude = _first_guess(values, sigma)
    offsets, flat = _offsets(size), values.ravel()
    for floor in _FLOORS:
        reach = np.sqrt(2 * np.log(max(amplitude / floor, np.exp(_LEAST_REACH**2 / 2))))
        inside = _inside(offsets, cell, reach * sigma)
        cell, amplitude, misfit = _fitted(offsets[inside], flat[inside], cell, amplitude, sigma)
    if not misfit < _MOST_MISFIT * amplitude:
        raise DataError(
            f"no blob fits the cell image: {misfit:.2g} of a peak of {amplitude:.2g} is left over"
        )
    shortest = float(np.linalg.norm(cell, axis=1).min())
    if shortest < _LEAST_EDGE * sigma:
        raise DataError(
            f"a cell edge of {shortest:.2g} A in the cell image, {_LEAST_EDGE * sigma:.2g} or more "
            "expected: nothing in it falls off from the middle"
        )
    return CellFit(cell_of_metric(cell @ cell.T), amplitude, misfit, len(inside))


def _checked(image: NDArray[np.floating]) -> Floats:
    if image.ndim != 3 or len(set(image.shape)) != 1 or len(image) < 8:
        raise DataError(f"a cell image of shape {image.shape}, a cube of 8 or more a side expected")
    if not np.isfinite(image).all():
        raise DataError("the cell image has voxels that are not finite numbers")
    peak = float(image[(len(image) // 2,) * 3])
    if peak < _LEAST_PEAK:
        raise DataError(
            f"the middle of the cell image is {peak:.2g}, {_LEAST_PEAK:g} or more expected: "
            "it shows no cell"
        )
    return image.astype(np.float64)


def _first_guess(values: Floats, sigma: float) -> tuple[Floats, float]:
    """Return cell and amplitude by linear least squares on -2 sigma^2 ln p, weighted by p^2.

    Of the core: voxels above a share of the peak that are connected to the middle.
    """
    label, size = scipy_part("ndimage").label, len(values)
    for level in _LEVELS:
        parts, _ = label(values > level * values[(size // 2,) * 3], np.ones((3, 3, 3)))
        core = np.flatnonzero(parts == parts[(size // 2,) * 3])
        if len(core) >= _ENOUGH:
            break
    at, heights = _offsets(size)[core], values.ravel()[core]
    # Terms off the diagonal occur twice in the quadratic form.
    row, column = _LOWER
    terms = at[:, row] * at[:, column] * np.where(row == column, 1, 2)
    design = np.column_stack([terms, np.ones(len(at))]) * heights[:, None]
    found = np.linalg.lstsq(design, -2 * sigma**2 * np.log(heights) * heights)[0]
    metric = np.empty((3, 3))
    metric[_LOWER] = metric.T[_LOWER] = found[:6]
    sizes, axes = np.linalg.eigh(metric)
    if not sizes[-1] > 0:
        raise DataError("the cell image does not fall off from its middle: it shows no cell")
    # Noise may leave a direction without a slope: a long one, which the fit will shorten.
    metric = axes * np.maximum(sizes, sizes[-1] / 100) @ axes.T
    return cell_of_metric(metric), float(np.exp(-found[6] / (2 * sigma**2)))


def _inside(offsets: Floats, cell: Floats, radius: float) -> NDArray[np.intp]:
    """Return the indices of offsets within a radius in A and nearest to the middle's own atom."""
    near = np.flatnonzero(((offsets @ cell) ** 2).sum(1) <= radius**2)
    images = _NEIGHBOURS @ cell
    # |v|^2 <= |v - t|^2 for each lattice vector t.
    own = 2 * (offsets[near] @ cell) @ images.T <= (images**2).sum(1)
    return np.asarray(near[own.all(axis=1)])


def _fitted(
    offsets: Floats, heights: Floats, cell: Floats, amplitude: float, sigma: float
) -> tuple[Floats, float, float]:
    """Return cell, amplitude and root mean square residual of a Gaussian on voxels (n, 3), (n,).

    The six free entries of the cell in standard orientation keep its metric positive.
    """
    if len(offsets) < 7:
        raise DataError(
            f"{len(offsets)} voxels show the cell, 7 or more expected: too sharp a blob"
        )

    def model(parameters: Floats) -> tuple[Floats, Floats]:
        trial = np.zeros((3, 3))
        trial[_LOWER] = parameters[:6]
        at = offsets @ trial  # A
        return at, np.exp((at**2).sum(1) / (-2 * sigma**2))

    def residuals(parameters: Floats) -> Floats:
        return np.asarray(parameters[6] * model(parameters)[1] - heights)

    def slopes(parameters: Floats) -> Floats:
        at, blob = model(parameters)
        by_entry = offsets[:, _LOWER[0]] * at[:, _LOWER[1]]
        return np.column_stack([by_entry * (-parameters[6] / sigma**2 * blob)[:, None], blob])

    start = np.append(cell[_LOWER], amplitude)
    least_squares = scipy_part("optimize").least_squares
    found = least_squares(residuals, start, slopes, method="lm", max_nfev=60)
    cell = np.zeros((3, 3))
    cell[_LOWER] = found.x[:6]
    return cell, float(found.x[6]), float(np.sqrt(np.mean(found.fun**2)))


@cache
def _offsets(size: int) -> Floats:
    """Return the fractional offsets of all voxels from the middle (size^3, 3)."""
    steps = (np.arange(size) - size // 2) / size
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
