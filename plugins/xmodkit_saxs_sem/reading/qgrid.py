"""Put intensities with a q of their own onto rows and columns, with qy up and qx to the right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError
from xmodkit_saxs_sem.reading.frame import Bools

__all__ = ["PER_NM", "gridded", "upright"]

Floats = NDArray[np.float64]

PER_NM = {"1/A": 10.0, "1/nm": 1.0}  # how many 1/nm one of the unit is
_FULLEST, _NEAR = 4, 0.2  # cells per point at most; columns nearer than this part of a step are one


def upright(qx: NDArray[Any], qy: NDArray[Any], *others: NDArray[Any]) -> list[NDArray[Any]]:
    """Return arrays (row, column) turned so that qx grows to the right and qy upwards.

    Files with q axes have their rows in any order; detectors' come out as they went in.
    """
    arrays: list[NDArray[Any]] = [qx, qy, *others]
    if np.ptp(arrays[0], axis=0).mean() > np.ptp(arrays[0], axis=1).mean():
        arrays = [array.T for array in arrays]
    if arrays[0][:, -1].mean() < arrays[0][:, 0].mean():
        arrays = [array[:, ::-1] for array in arrays]
    if arrays[1][-1].mean() > arrays[1][0].mean():
        arrays = [array[::-1] for array in arrays]
    return arrays


def gridded(
    qx: Floats, qy: Floats, values: Floats, measured: Bools
) -> tuple[Floats, Floats, Floats, Bools]:
    """Return (qx, qy, intensity, measured) on the grid that scattered points (n,) lie on.

    Cells without a point are not measured. Raise `InputError` where the points form no grid.
    """
    column, columns = _levels(qx)
    row, rows = _levels(-qy)  # down
    shape = (len(rows), len(columns))
    cell = row * shape[1] + column
    if shape[0] * shape[1] > _FULLEST * qx.size or np.unique(cell).size < cell.size:
        raise InputError(
            f"{qx.size:,} points on {shape[1]:,} values of Qx and {shape[0]:,} of Qy given, one "
            "for each pair of a regular grid expected; rebin them onto one"
        )
    maps = [np.broadcast_to(columns, shape).copy(), np.broadcast_to(-rows[:, None], shape).copy()]
    filled = [*maps, np.zeros(shape), np.zeros(shape, bool)]
    for array, given in zip(filled, (qx, qy, values, measured), strict=True):
        array.flat[cell] = given
    return filled[0], filled[1], filled[2], filled[3].astype(bool)


def _levels(values: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Return which level of the grid each value is, and the levels: nearly equal ones are one.

    Levels without a value, of a detector's gap, are put in where the others are evenly spaced.
    """
    order = np.argsort(values, kind="stable")
    near = _NEAR * np.ptp(values) / max(1.0, np.sqrt(values.size) - 1)
    starts = np.diff(values[order], prepend=-np.inf) > near
    level = np.empty(values.size, np.intp)
    level[order] = np.cumsum(starts) - 1
    found = np.bincount(level, values) / np.bincount(level)
    if found.size < 2:
        return level, found
    steps = (found - found[0]) / np.median(np.diff(found))
    place = np.rint(steps).astype(np.intp)
    if np.abs(steps - place).max() > _NEAR or (np.diff(place) < 1).any():
        return level, found
    if place[-1] >= _FULLEST * found.size:
        return level, found
    return place[level], np.interp(np.arange(place[-1] + 1), place, found)
