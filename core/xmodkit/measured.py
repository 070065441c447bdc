"""Means and quantiles of what was measured: NaN marks what was not, and counts for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array

__all__ = ["mean", "measured", "quantile", "rows", "scalar_rows", "where_known"]


def mean(values: Array, axis: int | None = 0, *, known: Array | None = None) -> Any:
    """Return the mean of known values, by default of those that are no NaN; NaN of none."""
    taken: Array = ~np.isnan(values) if known is None else known
    if taken.all() and taken.size:
        return values.mean(axis=axis)
    total = np.where(taken, values, 0).sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.divide(total, taken.sum(axis=axis), dtype=_float(values))


def quantile(values: Array, levels: float | Sequence[float]) -> Array:
    """Return quantiles along axis 0 of the values that are no NaN; NaN where there are none."""
    known = ~np.isnan(values)
    if known.all():
        return np.asarray(np.quantile(values, levels, axis=0))
    some = known.any(axis=0)
    found: Array = np.full((*np.shape(levels), *values.shape[1:]), np.nan)
    if some.any():
        found[..., some] = np.nanquantile(values[:, some], levels, axis=0)
    return found


def rows(truth: Array) -> NDArray[np.bool_]:
    """Say of each row of a truth (row, ...) whether anything in it was measured."""
    missing: Array = np.isnan(truth.reshape(len(truth), -1))
    return np.asarray(~missing.all(axis=1))


def scalar_rows(scalar: Array, truths: Mapping[str, Array]) -> NDArray[np.bool_]:
    """Say of each row whether its true derived scalar (row,) counts.

    A NaN says that there is no such value; of a row that was measured in part it says nothing.
    """
    found: NDArray[np.bool_] = ~np.isnan(scalar)
    whole = np.ones(len(scalar), bool)
    for truth in truths.values():
        whole &= ~np.isnan(truth.reshape(len(truth), -1)).any(axis=1)
    return found | whole


def where_known(truth: Array, values: Array) -> Array:
    """Return values with NaN wherever the truth has one; as they are if it has none."""
    missing = np.isnan(truth)
    return np.where(missing, np.nan, values).astype(values.dtype) if missing.any() else values


def measured(truths: Mapping[str, Array]) -> bool:
    """Say whether anything of one sample's target was measured; of no target, that it was."""
    return not truths or any(not np.isnan(truth).all() for truth in truths.values())


def _float(values: Array) -> np.dtype[Any]:
    return values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
