"""Put a curve onto another energy grid, and normalise it: linear between points, as stated."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError

__all__ = ["Normalisation", "even_grid", "normalise", "resample"]

Floats = NDArray[np.float64]
Normalisation = Literal["area", "edge-step"]

_END_SHARE = 0.1  # of the points at either end: what an edge steps from, and what it steps to


def even_grid(low: float, high: float, points: int) -> Floats:
    """Return `points` (two or more) evenly spaced energies from `low` to `high`, both included."""
    if not (np.isfinite([low, high]).all() and low < high and points > 1):
        raise InputError(f"grid {low:g} to {high:g} eV of {points} points given; rising expected")
    return np.linspace(low, high, points)


def resample(
    energy: Floats,
    values: NDArray[np.floating],
    grid: Floats,
    *,
    conserve: bool = False,
    hold: float = 0.0,
) -> Floats:
    """Return `values` (..., points), given at rising energies, on a rising grid (eV).

    Between points the curve is linear. With `conserve` each value is the mean of that curve over
    the cell around its grid point, cut at the curve's ends: then a coarser grid keeps integrals,
    and loses what is finer than its cells. Beyond either end the end's value is held, as far as
    `hold` eV and half a step of the curve allow. Raise `InputError` where the curve covers less.
    """
    energy, grid = np.asarray(energy, np.float64), np.asarray(grid, np.float64)
    rows = np.asarray(values, np.float64)
    slack = hold + (energy[1] - energy[0]) / 2, hold + (energy[-1] - energy[-2]) / 2
    if grid[0] < energy[0] - slack[0] or grid[-1] > energy[-1] + slack[1]:
        raise InputError(
            f"curve from {energy[0]:.2f} to {energy[-1]:.2f} eV given, {grid[0]:.2f} to "
            f"{grid[-1]:.2f} eV needed; measure the whole range or choose a narrower grid"
        )
    flat = rows.reshape(-1, energy.size)
    onto = _cell_means if conserve else _linear
    return onto(energy, flat, grid).reshape(*rows.shape[:-1], grid.size)


def _linear(energy: Floats, rows: Floats, grid: Floats) -> Floats:
    return np.stack([np.interp(grid, energy, row) for row in rows])


def _cell_means(energy: Floats, rows: Floats, grid: Floats) -> Floats:
    """Return the means of the piecewise linear curves between the midpoints of the grid."""
    low, high = min(energy[0], grid[0]), max(energy[-1], grid[-1])
    middles = (grid[1:] + grid[:-1]) / 2
    first, last = grid[0] - (grid[1] - grid[0]) / 2, grid[-1] + (grid[-1] - grid[-2]) / 2
    edges = np.concatenate([[max(low, first)], middles, [min(high, last)]])
    knots = np.union1d(energy, edges)
    curves = _linear(energy, rows, knots)
    steps = np.diff(knots) * (curves[:, 1:] + curves[:, :-1]) / 2
    total = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(steps, axis=1)], axis=1)
    at_edges = total[:, np.searchsorted(knots, edges)]
    return np.asarray(np.diff(at_edges, axis=1) / np.diff(edges))


def normalise(energy: Floats, values: NDArray[np.floating], how: Normalisation) -> Floats:
    """Return curves (..., points) at rising energies, each brought to a common scale.

    `area` divides by the integral over energy (eV): the usual scale of emission. `edge-step`
    takes the mean of the first tenth of the points as zero and that of the last tenth as one:
    the usual scale of absorption near an edge, where no atomic background is at hand.

    Raise `InputError` for a curve that has no positive area, or no step up.
    """
    rows = np.asarray(values, np.float64)
    if how == "area":
        scale, zero = np.asarray(np.trapezoid(rows, energy, axis=-1))[..., None], np.zeros(1)
    else:
        ends = max(1, round(_END_SHARE * rows.shape[-1]))
        zero = rows[..., :ends].mean(axis=-1, keepdims=True)
        scale = rows[..., -ends:].mean(axis=-1, keepdims=True) - zero
    if not (scale > 0).all():
        what = "area" if how == "area" else "edge step"
        raise InputError(
            f"the curve's {what} is {float(scale.min()):.3g}, a positive one expected; subtract "
            "its background, or leave it as it is"
        )
    return np.asarray((rows - zero) / scale)
