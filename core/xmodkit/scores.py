"""Score predictions against truth: error, coverage and width, beside what no model reaches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array

__all__ = ["field_scores", "finite", "r2_per_channel", "scalar_scores", "thirds"]

Mask = NDArray[np.bool_]


def _share(inside: Mask) -> float | None:
    """Return the share that is inside; None where there is nothing to count."""
    return float(inside.mean()) if inside.size else None


def r2_per_channel(truth: Array, value: Array) -> Array:
    """Return 1 - SSE/SST of each channel over samples; NaN where the truth is constant."""
    error = ((truth - value) ** 2).sum(axis=0)
    total = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        r2: Array = np.where(total > 0, 1 - error / total, np.nan)
    return r2


def thirds(novelty: Array) -> NDArray[np.int64]:
    """Return for each sample its third by novelty: 0 the most familiar, 2 the least."""
    return np.searchsorted(np.quantile(novelty, [1 / 3, 2 / 3]), novelty, side="right")


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
    unconditional width. Widths are means over samples and channels.
    """
    bounded = ~np.isnan(lower).any(axis=tuple(range(1, lower.ndim)))
    inside = (truth >= lower) & (truth <= upper)
    tails = np.quantile(reference, [(1 - coverage) / 2, (1 + coverage) / 2], axis=0)
    unconditional = float((tails[1] - tails[0]).mean())
    width = float((upper - lower)[bounded].mean())
    r2 = r2_per_channel(truth, value)
    third = thirds(novelty)
    return {
        "samples": len(truth),
        "with_bounds": int(bounded.sum()),
        "r2_mean": float(np.nanmean(r2)),
        "r2_min": float(np.nanmin(r2)),
        "r2_per_channel": [round(float(v), 4) for v in r2],
        "mae": float(np.abs(truth - value).mean()),
        "mae_of_training_mean": float(np.abs(truth - reference.mean(axis=0)).mean()),
        "coverage": float(inside[bounded].mean()),
        "coverage_worst_channel": float(inside[bounded].mean(axis=0).min()),
        "coverage_whole_curve": float(inside[bounded].all(axis=1).mean()),
        "coverage_by_novelty_third": [_share(inside[bounded & (third == i)]) for i in range(3)],
        "width": width,
        "unconditional_width": unconditional,
        "relative_width": width / unconditional,
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
    error = (np.clip(value, low, high) - np.clip(truth, low, high))[both]
    bounded = ~np.isnan(value) & ~np.isnan(lower)
    target = np.where(np.isnan(truth) | (truth >= high), np.inf, truth)
    target = np.where(truth <= low, -np.inf, target)
    inside = (target >= lower) & (target <= upper)
    width = np.clip(upper, low, high) - np.clip(lower, low, high)
    known = np.clip(reference[~np.isnan(reference)], low, high)
    tails = np.quantile(known, [(1 - coverage) / 2, (1 + coverage) / 2])
    third = thirds(novelty)
    return {
        "samples": len(truth),
        "both_have_one": int(both.sum()),
        "only_truth_has_one": int((~np.isnan(truth) & np.isnan(value)).sum()),
        "only_prediction_has_one": int((np.isnan(truth) & ~np.isnan(value)).sum()),
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "mean_error": float(error.mean()),
        "median_error": float(np.median(error)),
        "mae_of_training_median": float(
            np.abs(np.clip(truth[both], low, high) - np.median(known)).mean()
        ),
        "coverage": float(inside[bounded].mean()),
        "coverage_by_novelty_third": [_share(inside[bounded & (third == i)]) for i in range(3)],
        "width": float(width[bounded].mean()),
        "unconditional_width": float(tails[1] - tails[0]),
        "relative_width": float(width[bounded].mean() / (tails[1] - tails[0])),
    }


def finite(scores: Any) -> Any:
    """Return scores as JSON can hold them: NaN and infinity, of too few rows, become None."""
    if isinstance(scores, dict):
        return {name: finite(value) for name, value in scores.items()}
    if isinstance(scores, list):
        return [finite(value) for value in scores]
    return None if isinstance(scores, float) and not np.isfinite(scores) else scores
