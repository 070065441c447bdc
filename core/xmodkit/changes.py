"""Compare a model file's bounds before and after a local calibration, on the pairs it rests on."""

from __future__ import annotations

from typing import Any

import numpy as np

from xmodkit import measured
from xmodkit.calibration import Calibration, StratifiedBounds
from xmodkit.modality import Array
from xmodkit.paired import PairedRows, Quantiles
from xmodkit.prediction import Derived
from xmodkit.scores import finite

__all__ = ["compare"]


def compare(
    rows: PairedRows,
    before: tuple[Quantiles, Calibration],
    after: tuple[Quantiles, Calibration],
) -> dict[str, dict[str, Any]]:
    """Return per field and derived scalar its errors, half-widths, and the old bounds' coverage.

    That coverage is over the rows which had bounds (`bounded_before`); it is of the old bounds
    alone, because on the pairs they were fitted to the new ones cover by construction.
    """
    bounded = rows.novelty <= before[1].novelty_threshold
    found: dict[str, dict[str, Any]] = {}
    for name, truth in rows.truth.items():
        old, new = rows.bounds(before[0], name), rows.bounds(after[0], name)
        found[name] = _changes(truth, rows.value[name], old, new, bounded)
        found[name]["curve_factor"] = after[1].curve.get(name)
    for name, bounds in after[1].derived.items():
        scalar, truth = rows.scalars[name], rows.true_scalars[name].value
        limits = bounds.strata[0].limits
        there = ~np.isnan(scalar.value) & rows.scalar_rows[name]
        found[name] = _changes(
            _censored(truth, limits)[there],
            np.clip(scalar.value, *limits)[there],
            _cut(before[1].derived.get(name), scalar, limits, there),
            _cut(bounds, scalar, limits, there),
            bounded[there],
        )
    result: dict[str, dict[str, Any]] = finite(found)
    return result


def _changes(
    truth: Array,
    value: Array,
    old: tuple[Array, Array] | None,
    new: tuple[Array, Array] | None,
    bounded: Array,
) -> dict[str, Any]:
    with np.errstate(invalid="ignore"):  # infinite less infinite, where no window cuts a scalar
        error = truth - value
    covered = None
    if old is not None and bounded.any():
        inside = ((truth >= old[0]) & (truth <= old[1]))[bounded]
        covered = _mean(inside[~np.isnan(truth[bounded])])
    return {
        "rows": int(measured.rows(truth).sum()),
        "mean_error": _mean(error[~np.isnan(truth)]),
        "mae": _mean(np.abs(error)[~np.isnan(truth)]),
        "bounded_before": int(bounded.sum()),
        "coverage_before": covered,
        "half_width_before": _half_width(old),
        "half_width_after": _half_width(new),
    }


def _mean(values: Array) -> float | None:
    return float(values.mean()) if values.size else None


def _half_width(bounds: tuple[Array, Array] | None) -> float | None:
    return None if bounds is None else _mean((bounds[1] - bounds[0]) / 2)


def _censored(truth: Array, limits: tuple[float, float]) -> Array:
    """Return truths cut to the window; no truth at all counts as beyond its upper end."""
    return np.clip(np.where(np.isnan(truth), np.inf, truth), *limits)


def _cut(
    bounds: StratifiedBounds | None, scalar: Derived, limits: tuple[float, float], rows: Array
) -> tuple[Array, Array] | None:
    """Return a scalar's bounds cut to the window, where they are any."""
    if bounds is None:
        return None
    lower, upper = bounds.apply(scalar.value, scalar.strength)
    return np.clip(lower, *limits)[rows], np.clip(upper, *limits)[rows]
