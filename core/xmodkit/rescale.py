"""Rescale calibrated bounds by one factor: what few pairs can tell, where quantiles need many.

The score of a truth is its distance from the middle of its bounds in half-widths, 1 at the bound;
the factor is a conformal quantile of the scores, so that the bounds keep the shape that many rows
gave them. Source: Sesia & Candes, Stat 9, e261 (2020), CQR-r.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xmodkit.calibration import ScalarBounds, StratifiedBounds
from xmodkit.modality import Array

__all__ = ["field_scores", "rescale_field", "rescale_scalar", "scalar_scores"]


def field_scores(truth: Array, value: Array, scale: Array, lower: Array, upper: Array) -> Array:
    """Return the scores (row, ...) of fields whose bounds are value - scale * lower and so on."""
    middle, half = (upper - lower) / 2, (upper + lower) / 2
    scores: Array = np.abs((truth - value) / scale - middle) / half
    return scores


def rescale_field(lower: Array, upper: Array, factor: float) -> tuple[Array, Array]:
    """Return the factors of scale below and above the value, rescaled about their middle."""
    middle, half = (upper - lower) / 2, (upper + lower) / 2
    return (
        (factor * half - middle).astype(np.float32),
        (factor * half + middle).astype(np.float32),
    )


def scalar_scores(
    bounds: StratifiedBounds, truth: Array, value: Array, strength: Array | None
) -> Array:
    """Return the scores (row,) of a derived scalar; a row without a value scores NaN.

    As in `conformal.scalar_bounds`: truths are censored at the window's ends, and no truth at all
    counts as beyond the upper one. An open side covers whatever lies there.
    """
    scores = np.full(value.shape, np.nan)
    places = np.zeros(value.shape, int)
    if strength is not None and bounds.edges:
        places = np.digitize(strength, bounds.edges)
    for place, stratum in enumerate(bounds.strata):
        here = (places == place) & ~np.isnan(value)
        scores[here] = _scores(stratum, truth[here], value[here])
    return scores


def rescale_scalar(bounds: StratifiedBounds, factor: float) -> StratifiedBounds:
    """Return bounds with every finite offset rescaled about the middle of its bin's bounds."""
    extra = [(max(factor, 0.0) - 1) * _half_widths(stratum) for stratum in bounds.strata]
    strata = tuple(
        replace(
            stratum,
            lower=tuple(float(v) for v in np.asarray(stratum.lower) - more),
            upper=tuple(float(v) for v in np.asarray(stratum.upper) + more),
        )
        for stratum, more in zip(bounds.strata, extra, strict=True)
    )
    return replace(bounds, strata=strata)


def _scores(bounds: ScalarBounds, truth: Array, value: Array) -> Array:
    low, high = bounds.limits
    offset = np.clip(np.where(np.isnan(truth), high, truth), low, high) - value
    bins = np.digitize(value, bounds.edges)
    lower, upper = np.asarray(bounds.lower)[bins], np.asarray(bounds.upper)[bins]
    with np.errstate(invalid="ignore"):  # an open side covers even what has no value at all
        below = np.where(np.isinf(lower), -np.inf, lower - offset)
        above = np.where(np.isinf(upper), -np.inf, offset - upper)
    scores: Array = 1 + np.maximum(below, above) / _half_widths(bounds)[bins]
    return scores


def _half_widths(bounds: ScalarBounds) -> Array:
    """Return each bin's half-width; of a bin open on one side, the reach of the other."""
    lower, upper = np.asarray(bounds.lower), np.asarray(bounds.upper)
    reach = np.where(np.isfinite(lower), lower, np.where(np.isfinite(upper), upper, 1.0))
    closed = np.isfinite(lower) & np.isfinite(upper)
    half = np.where(closed, (upper - lower) / 2, np.abs(reach))
    return np.where(half > 0, half, 1.0)
