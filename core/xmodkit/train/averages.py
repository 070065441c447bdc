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

    Bounds are mean half-widths times `factor`; a group with a row without any (NaN) has none.
    """
    several = [rows for rows in rows_of(groups) if len(rows) > 1]

    def mean(array: Array) -> Array:
        means = [array[rows].mean(axis=0) for rows in several]
        return np.stack(means) if means else array[:0]

    middle = mean(value)
    below, above = factor * mean(value - lower), factor * mean(upper - value)
    return Average(mean(truth), middle, middle - below, middle + above)


def average_scores(average: Average) -> dict[str, Any]:
    """Return the error of averages and the coverage and width of their bounds."""
    errors = error_scores(flat(average.truth), flat(average.value))
    lower, upper = flat(average.lower), flat(average.upper)
    known = ~np.isnan(lower).any(axis=1)
    truth = flat(average.truth)
    inside = ((truth >= lower) & (truth <= upper))[known]
    return {
        "groups": len(truth),
        **{name: errors[name] for name in ("r2_pooled", "mae", "rmse")},
        "with_bounds": int(known.sum()),
        "coverage": float(inside.mean()) if known.any() else None,
        "width": float((upper - lower)[known].mean()) if known.any() else None,
    }
