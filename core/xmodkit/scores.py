"""Score predictions against truth: error, coverage and width, beside what no model reaches.

A NaN in a field's truth was not measured: it counts neither for errors nor for coverage. A sample
of which a field is predicted as NaN throughout was declined: it counts for no error, and is told
of. A NaN among other predicted values makes a score NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit import measured
from xmodkit.modality import Array

__all__ = [
    "answered",
    "bound_scores",
    "error_curves",
    "error_scores",
    "field_scores",
    "finite",
    "flat",
    "inside_share",
    "pearson_per_channel",
    "r2_per_channel",
    "r2_pooled",
    "scalar_errors",
    "scalar_scores",
    "thirds",
]

_CHANNELS = 512  # of images there are many: not all at once in double precision


def _mean(values: Array) -> float | None:
    """Return the mean of values, or the share of a mask; None where there is nothing."""
    return float(values.mean()) if values.size else None


def flat(array: Array) -> Array:
    """Return an array (samples, ...) as (samples, channels)."""
    return array.reshape(len(array), -1)


def answered(truth: Array, value: Array) -> Array:
    """Return a truth (sample, channel) with NaN where a sample was declined."""
    declined = np.isnan(value).all(axis=1, keepdims=True)
    return np.where(declined, np.nan, truth).astype(truth.dtype) if declined.any() else truth


def r2_per_channel(truth: Array, value: Array) -> Array:
    """Return 1 - SSE/SST of each channel over samples; NaN where the truth is constant."""
    truth = answered(truth, value)
    error = np.where(np.isnan(truth), 0, (truth - value) ** 2).sum(axis=0)
    total = np.nansum((truth - measured.mean(truth)) ** 2, axis=0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        r2: Array = np.where(total > 0, 1 - error / total, np.nan)
    return r2


def r2_pooled(truth: Array, value: Array) -> float:
    """Return 1 - SSE/SST over all samples and channels, SST about each channel's mean.

    NaN where the truth is constant.
    """
    truth = answered(truth, value)
    error = total = 0.0
    for i in range(0, truth.shape[1], _CHANNELS):
        true, found = (a[:, i : i + _CHANNELS].astype(np.float64) for a in (truth, value))
        error += float(np.where(np.isnan(true), 0, (true - found) ** 2).sum())
        total += float(np.nansum((true - measured.mean(true)) ** 2))
    return 1 - error / total if total > 0 else float("nan")


def pearson_per_channel(truth: Array, value: Array) -> Array:
    """Return the correlation of truth and value in each channel; NaN where one is constant.

    Constant means within rounding: a spread below 1e-6 of the largest magnitude.
    """
    known = ~np.isnan(truth)
    truth, value = (np.where(known, a, 0).astype(np.float64) for a in (truth, value))
    t, v = (np.where(known, a - measured.mean(a, known=known), 0) for a in (truth, value))
    spread_t, spread_v = np.sqrt((t * t).sum(axis=0)), np.sqrt((v * v).sum(axis=0))
    root = 1e-6 * np.sqrt(known.sum(axis=0))
    moves = (spread_t > root * np.abs(truth).max(axis=0)) & (
        spread_v > root * np.abs(value).max(axis=0)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        pearson: Array = np.where(moves, (t * v).sum(axis=0) / (spread_t * spread_v), np.nan)
    return pearson


def error_curves(truth: Array, value: Array) -> dict[str, Array]:
    """Return R2, Pearson, MAE and RMSE of each channel, arrays (sample, channel)."""
    truth = answered(truth, value)
    parts = [
        _curves(truth[:, i : i + _CHANNELS], value[:, i : i + _CHANNELS])
        for i in range(0, truth.shape[1], _CHANNELS)
    ]
    return {kind: np.concatenate([part[kind] for part in parts]) for kind in parts[0]}


def _curves(truth: Array, value: Array) -> dict[str, Array]:
    error, known = value - truth, ~np.isnan(truth)
    return {
        "r2": r2_per_channel(truth, value),
        "pearson": pearson_per_channel(truth, value),
        "mae": measured.mean(np.abs(error), known=known),
        "rmse": np.sqrt(measured.mean(error**2, known=known)),
    }


def error_scores(truth: Array, value: Array) -> dict[str, Any]:
    """Return pooled, mean and worst R2, mean and worst Pearson, MAE and RMSE over all values."""
    truth = answered(truth, value)
    curves = error_curves(truth, value)
    counts = (~np.isnan(truth)).sum(axis=0)
    return {
        "r2_pooled": r2_pooled(truth, value),
        "r2_mean": _over(np.mean, curves["r2"]),
        "r2_min": _over(np.min, curves["r2"]),
        "pearson_mean": _over(np.mean, curves["pearson"]),
        "pearson_min": _over(np.min, curves["pearson"]),
        "mae": _weighted(curves["mae"], counts),
        "rmse": float(np.sqrt(_weighted(curves["rmse"] ** 2, counts))),
    }


def _weighted(curve: Array, counts: Array) -> float:
    """Return the mean of channels' means over all values, of which each channel has some."""
    known = counts > 0
    return float(np.average(curve[known], weights=counts[known])) if known.any() else float("nan")


def _over(reduce: Any, curve: Array) -> float:
    """Reduce the channels that have a value; NaN if none has."""
    known = curve[~np.isnan(curve)]
    return float(reduce(known)) if known.size else float("nan")


def thirds(novelty: Array) -> NDArray[np.int64]:
    """Return for each sample its third by novelty: 0 the most familiar, 2 the least."""
    return np.searchsorted(np.quantile(novelty, [1 / 3, 2 / 3]), novelty, side="right")


def inside_share(truth: Array, lower: Array, upper: Array) -> Array:
    """Return the share of each sample's measured values within bounds (sample,); NaN of none."""
    inside = flat((truth >= lower) & (truth <= upper)).astype(np.float64)
    shares: Array = measured.mean(measured.where_known(flat(truth), inside), axis=1)
    return shares


def bound_scores(
    truth: Array,
    lower: Array,
    upper: Array,
    novelty: Array,
    reference: Array,
    coverage: float,
) -> dict[str, Any]:
    """Score the bounds of a field, arrays (sample, channel); samples without any do not count.

    `reference` are training truths: their central interval is the unconditional width. Widths
    are means over samples and channels, where the truth was measured and the bounds have two ends;
    `unbounded` is the share that have not, of channels with too few truths to calibrate on.
    """
    there = measured.rows(truth)
    truth, lower, upper, novelty = truth[there], lower[there], upper[there], novelty[there]
    bounded = ~np.isnan(lower).any(axis=1)
    tails = measured.quantile(reference, [(1 - coverage) / 2, (1 + coverage) / 2])
    unconditional = float(measured.mean(tails[1] - tails[0]))
    if not bounded.any():
        return {"with_bounds": 0, "unconditional_width": unconditional}
    known = ~np.isnan(truth)
    inside = (truth >= lower) & (truth <= upper)
    shares = measured.mean(measured.where_known(truth, inside.astype(np.float64))[bounded])
    third = thirds(novelty)
    parts = [bounded & (third == i) for i in range(3)]
    widths = (upper - lower)[bounded][known[bounded]]
    width = _mean(widths[np.isfinite(widths)])
    return {
        "with_bounds": int(bounded.sum()),
        "coverage": float(inside[bounded][known[bounded]].mean()),
        "coverage_worst_channel": float(np.fmin.reduce(shares)),
        "coverage_whole_curve": float((inside | ~known)[bounded].all(axis=1).mean()),
        "coverage_by_novelty_third": [_mean(inside[part][known[part]]) for part in parts],
        "width": width,
        "unconditional_width": unconditional,
        "relative_width": width / unconditional if width and unconditional > 0 else None,
        "unbounded": float(1 - np.isfinite(widths).mean()),
    }


def field_scores(
    truth: Array,
    value: Array,
    lower: Array,
    upper: Array,
    novelty: Array,
    reference: Array,
    coverage: float,
) -> dict[str, Any]:
    """Score a predicted field, all arrays (sample, channel).

    Samples without bounds (novel: NaN) count for the error, not for coverage. `reference` are
    training truths: its mean is the baseline without a network, its central interval the
    unconditional width.
    """
    r2 = r2_per_channel(truth, value)
    samples = int(measured.rows(truth).sum())
    declined = samples - int(measured.rows(answered(truth, value)).sum())
    return {
        "samples": samples,
        **({"declined": declined} if declined else {}),
        **error_scores(truth, value),
        "r2_per_channel": [round(float(v), 4) for v in r2],
        "mae_of_training_mean": float(
            measured.mean(np.abs(truth - measured.mean(reference)), axis=None)
        ),
        **bound_scores(truth, lower, upper, novelty, reference, coverage),
    }


def scalar_errors(truth: Array, value: Array, limits: tuple[float, float]) -> dict[str, Any]:
    """Return the errors of a derived scalar, NaN where there is none, censored at `limits`."""
    both = ~np.isnan(truth) & ~np.isnan(value)
    error = (np.clip(value, *limits) - np.clip(truth, *limits))[both]
    counts = {
        "both_have_one": int(both.sum()),
        "only_truth_has_one": int((~np.isnan(truth) & np.isnan(value)).sum()),
        "only_prediction_has_one": int((np.isnan(truth) & ~np.isnan(value)).sum()),
    }
    if not both.any():
        return counts
    return {
        **counts,
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "mean_error": float(error.mean()),
        "median_error": float(np.median(error)),
    }


def scalar_scores(
    truth: Array,
    value: Array,
    lower: Array,
    upper: Array,
    novelty: Array,
    reference: Array,
    limits: tuple[float, float],
    coverage: float,
) -> dict[str, Any]:
    """Score a derived scalar, NaN where there is none; values and truths censored at `limits`.

    A truth beyond an end is covered only by a bound that is infinite there; no truth at all (NaN)
    counts as beyond the upper end. Widths are cut to the window.
    """
    low, high = limits
    both = ~np.isnan(truth) & ~np.isnan(value)
    bounded = ~np.isnan(value) & ~np.isnan(lower)
    target = np.where(np.isnan(truth) | (truth >= high), np.inf, truth)
    target = np.where(truth <= low, -np.inf, target)
    inside = (target >= lower) & (target <= upper)
    width = np.clip(upper, low, high) - np.clip(lower, low, high)
    known = np.clip(reference[~np.isnan(reference)], low, high)
    middle, below, above = (
        np.quantile(known, [0.5, (1 - coverage) / 2, (1 + coverage) / 2])
        if known.size
        else np.full(3, np.nan)
    )
    unconditional = float(above - below)
    third = thirds(novelty)
    return {
        "samples": len(truth),
        **scalar_errors(truth, value, limits),
        "mae_of_training_median": _mean(np.abs(np.clip(truth, low, high) - middle)[both]),
        "coverage": _mean(inside[bounded]),
        "coverage_by_novelty_third": [_mean(inside[bounded & (third == i)]) for i in range(3)],
        "width": _mean(width[bounded]),
        "unconditional_width": unconditional,
        "relative_width": _mean(width[bounded] / unconditional) if unconditional > 0 else None,
    }


def finite(scores: Any) -> Any:
    """Return scores as JSON can hold them: NaN and infinity, of too few rows, become None."""
    if isinstance(scores, dict):
        return {name: finite(value) for name, value in scores.items()}
    if isinstance(scores, list):
        return [finite(value) for value in scores]
    return None if isinstance(scores, float) and not np.isfinite(scores) else scores
