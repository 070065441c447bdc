"""Grids of pixels in real space, the coarse grids that carry slow fields, and the way between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Complexes", "Floats", "Grid", "refined"]

Floats = NDArray[np.float32]
Complexes = NDArray[np.complex64]

_MARGIN = 1  # coarse points before the first pixel; two follow the last: taps of the cubic


@dataclass(frozen=True)
class Grid:
    """A field of view: rows run down, so that y, which points up, falls from row to row."""

    rows: int
    columns: int
    pixel_nm: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def area_um2(self) -> float:
        """The area in square micrometres."""
        return self.rows * self.columns * self.pixel_nm**2 * 1e-6

    def x(self) -> Floats:
        """Return the columns' places (columns,) in nm, to the right."""
        return self.pixel_nm * np.arange(self.columns, dtype=np.float32)

    def y(self) -> Floats:
        """Return the rows' places (rows,) in nm, upwards."""
        return -self.pixel_nm * np.arange(self.rows, dtype=np.float32)

    def coarse(self, pixel_nm: float) -> Grid:
        """Return the grid of larger pixels that `refined` needs to cover this one."""
        ratio = self.pixel_nm / pixel_nm
        rows, columns = (int((size - 1) * ratio) + _MARGIN + 3 for size in self.shape)
        return Grid(rows, columns, pixel_nm)


def refined(field: NDArray[Any], coarse: Grid, fine: Grid) -> NDArray[Any]:
    """Return a coarse field on the fine grid, by cubic convolution (Keys 1981); keeps the dtype."""
    down = _taps(fine.rows, fine.pixel_nm / coarse.pixel_nm, coarse.rows)
    across = _taps(fine.columns, fine.pixel_nm / coarse.pixel_nm, coarse.columns)
    wide = np.ascontiguousarray((across @ np.ascontiguousarray(field.T)).T)
    out: NDArray[Any] = down @ wide
    return out


def _taps(points: int, ratio: float, nodes: int) -> Any:
    """Return the sparse matrix (points, nodes) that interpolates along one axis."""
    from scipy.sparse import csr_array

    place = np.arange(points) * ratio + _MARGIN
    first = np.floor(place).astype(np.int64)
    t = place - first
    weights = np.stack(
        [
            -0.5 * t + t**2 - 0.5 * t**3,
            1.0 - 2.5 * t**2 + 1.5 * t**3,
            0.5 * t + 2.0 * t**2 - 1.5 * t**3,
            -0.5 * t**2 + 0.5 * t**3,
        ],
        axis=1,
    ).astype(np.float32)
    columns = first[:, None] + np.arange(-1, 3)
    starts = 4 * np.arange(points + 1)
    return csr_array((weights.ravel(), columns.ravel(), starts), shape=(points, nodes))
