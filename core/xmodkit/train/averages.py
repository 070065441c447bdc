"""Rows that average to one measurement: the mean of their values, within bounds of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xmodkit.conformal import rows_of
from xmodkit.modality import Array
from xmodkit.scores import error_scores, flat

__all__ = ["Average", "average_scores", "averages"]


@dataclass(frozen=True)
class Average:
    """Means over the rows of each group that has several (group, ...)."""

    truth: Array
    value: Array
    lower: Array
    upper: Array


def averages(
    truth: Array, value: Array, lower: Array, upper: Array, groups: Array, factor: float
) -> Average:
    """Average a field (row, ...) over the groups of several rows.

    Bounds are mean half-widths times `factor`; a group with a row without any (NaN) has none. Means
    are over the rows whose truth was measured; where those are not several there is none.
    """
    known = ~np.isnan(truth)
    several = [rows for rows in rows_of(groups) if (known[rows].sum(axis=0) > 1).any()]

    def mean(array: Array) -> Array:
        means = [_mean(array[rows], known[rows]) for rows in several]
        return np.stack(means) if means else array[:0]

    middle = mean(value)
    below, above = factor * mean(value - lower), factor * mean(upper - value)
    return Average(mean(truth), middle, middle - below, middle + above)


def _mean(array: Array, known: Array) -> Array:
    """Return means over known rows (channels), NaN where there are fewer than two."""
    counts = known.sum(axis=0)
    total = np.where(known, array, 0).sum(axis=0)
    means: Array = np.where(counts > 1, total / np.maximum(counts, 1), np.nan).astype(array.dtype)
    return means


def average_scores(average: Average) -> dict[str, Any]:
    """Return the error of averages and the coverage and width of their bounds."""
    errors = error_scores(flat(average.truth), flat(average.value))
    lower, upper = flat(average.lower), flat(average.upper)
    truth = flat(average.truth)
    known = ~np.isnan(truth) & ~(np.isnan(lower) & ~np.isnan(truth)).any(axis=1, keepdims=True)
    inside = ((truth >= lower) & (truth <= upper))[known]
    return {
        "groups": len(truth),
        **{name: errors[name] for name in ("r2_pooled", "mae", "rmse")},
        "with_bounds": int(known.any(axis=1).sum()),
        "coverage": float(inside.mean()) if known.any() else None,
        "width": float((upper - lower)[known].mean()) if known.any() else None,
    }
