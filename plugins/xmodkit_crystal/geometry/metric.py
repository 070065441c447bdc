"""Cells, lengths and angles, and the metric tensor: what a rotation leaves alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xmodkit.errors import DataError

__all__ = ["cell_of_metric", "cell_of_parameters", "standard_orientation"]

Floats = NDArray[np.float64]


def cell_of_metric(metric: Floats) -> Floats:
    """Return the cell (3, 3), rows in A, of a metric tensor (3, 3) in A^2.

    In standard orientation: a along x, b in the xy plane with y > 0, right-handed. Raise
    `DataError` for a tensor that is not positive definite: no cell has it.
    """
    try:
        # G = L L^T with L lower triangular: its rows are a, b and c in standard orientation.
        return np.asarray(np.linalg.cholesky(metric))
    except np.linalg.LinAlgError:
        given = np.array2string(np.asarray(metric), precision=4).replace("\n", "")
        raise DataError(f"no cell has the metric {given}: vectors must span a volume") from None


def cell_of_parameters(lengths: ArrayLike, angles: ArrayLike) -> Floats:
    """Return the cell of lengths a, b, c in A and angles alpha, beta, gamma in degrees.

    In standard orientation; raise `DataError` for angles that close no cell.
    """
    a_b_c = np.asarray(lengths, float)
    alpha, beta, gamma = np.cos(np.radians(np.asarray(angles, float)))
    cosines = np.array([[1, gamma, beta], [gamma, 1, alpha], [beta, alpha, 1]])
    return cell_of_metric(cosines * np.outer(a_b_c, a_b_c))


def standard_orientation(cell: Floats) -> Floats:
    """Return a cell (3, 3) turned until a lies along x and b in the xy plane.

    A left-handed cell comes back as its mirror image: change its setting first.
    """
    return cell_of_metric(cell @ cell.T)
