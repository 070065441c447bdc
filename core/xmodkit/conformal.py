"""Fit split-conformal bounds and the novelty threshold on rows never trained on. Numpy only.

Source: Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018), split conformal; scaled residuals as in
section 5.2 there. Lower and upper tails are calibrated apart, each at half the error rate.

A NaN in a truth was not measured and counts for nothing: each channel has rows of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit import measured
from xmodkit.calibration import ScalarBounds, StratifiedBounds
from xmodkit.modality import Array

__all__ = [
    "average_factor",
    "conformal_quantile",
    "coverage_interval",
    "curve_factor",
    "fewest_rows",
    "field_quantiles",
    "novelty_threshold",
    "rows_of",
    "scalar_bounds",
    "unit_quantile",
]

# Tails need rows: bins and strata are as many as allowed, and never smaller than this.
_BINS, _FEWEST_PER_BIN = 6, 150
_STRATA, _FEWEST_PER_STRATUM = 4, 600
# The lower tail's share of the error rate; the first, even split is the default.
_TAIL_SHARES = (0.5, 0.0, 0.25, 0.75, 1.0)


def conformal_quantile(scores: Array, level: float) -> Array:
    """Return the finite-sample quantile along axis 0: the ceil((n + 1) level)-th smallest score.

    Of each channel `n` is the number of scores that are no NaN. Where it is too small for the
    level the result is infinite.
    """
    if not len(scores):
        return np.full(scores.shape[1:], np.inf)
    counts = np.count_nonzero(~np.isnan(scores), axis=0)
    ranks = np.asarray(_rank(counts, level))
    places = np.minimum(ranks, len(scores)) - 1
    ordered = np.partition(scores, np.unique(places), axis=0)  # NaN comes last
    found: Array = np.take_along_axis(ordered, places[None], axis=0)[0]
    return np.where(ranks > counts, np.inf, found)


def _rank(n: Any, level: float) -> Any:
    return np.ceil((n + 1) * level - 1e-9).astype(int)  # 100 * .55 is a little more than 55


def unit_quantile(scores: Array, level: float, units: Array) -> float:
    """Return the quantile of scores (row, ...) whose rows come in units that resemble each other.

    Every unit weighs the same, and so does every score within it that is no NaN; one further unit
    counts as infinite. A random score of a new unit then lies below with at least the level's
    probability. For one score a unit this is `conformal_quantile`.
    Source: Lee, Barber & Willett, arXiv:2306.06342, hierarchical conformal prediction.
    """
    if not len(scores):
        return float("inf")
    table = scores.reshape(len(scores), -1)
    known = ~np.isnan(table)
    flat, counts = table[known], known.sum(axis=1)
    _, unit = np.unique(units, return_inverse=True)
    sizes = np.bincount(unit, weights=counts)
    weights = 1 / ((np.count_nonzero(sizes) + 1) * np.repeat(sizes[unit], counts))
    order = np.argsort(flat)
    place = int(np.searchsorted(np.cumsum(weights[order]), level - 1e-9))
    return float(flat[order[place]]) if place < flat.size else float("inf")


def fewest_rows(coverage: float) -> int:
    """Return how many rows a bound of that coverage needs to be finite: 9 for 90 %."""
    return int(np.ceil(coverage / (1 - coverage) - 1e-9))


def coverage_interval(rows: int, coverage: float) -> tuple[float, float]:
    """Return the central 95 % interval of the true coverage of bounds fitted on so many rows.

    The coverage of the k-th smallest of n scores is distributed as Beta(k, n + 1 - k); its
    quantiles come from a fixed random sample, exact to .002.
    Source: Vovk, Conditional validity of inductive conformal predictors, ACML 2012.
    """
    rank = int(_rank(np.int64(rows), coverage))
    if rank > rows:
        return 1.0, 1.0
    draws = np.random.default_rng(0).beta(rank, rows + 1 - rank, 200_000)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def curve_factor(
    truth: Array, lower: Array, upper: Array, coverage: float, units: Array | None = None
) -> float:
    """Return the factor that widens pointwise bounds until whole curves lie inside them.

    All arrays are (row, ...); rows whose bounds or truths are NaN are left out. Split conformal on
    each row's largest distance from the middle of its bounds, in half-widths; never below 1.
    """
    half = (upper - lower) / 2
    with np.errstate(invalid="ignore", divide="ignore"):  # infinite bounds cover whatever it is
        beyond = np.maximum(lower - truth, truth - upper) / half
    beyond = np.where(np.isinf(half), -np.inf, beyond).reshape(len(truth), -1)
    there = ~np.isnan(truth).reshape(len(truth), -1)
    most = 1 + np.where(there, beyond, -np.inf).max(axis=1)
    known = ~np.isnan(most) & there.any(axis=1)
    if not known.any():
        return float("inf")
    rows = np.arange(len(truth)) if units is None else units
    return max(1.0, unit_quantile(most[known], coverage, rows[known]))


def average_factor(
    truth: Array, value: Array, lower: Array, upper: Array, groups: Array, coverage: float
) -> float:
    """Return the factor of mean half-widths that bounds the mean of a group's rows.

    All arrays are (row, ...); groups of one measured row do not count. Split conformal on the
    distance of the mean truth from the mean value in mean half-widths, that side's; every group
    weighs the same. It is 1 where groups of several rows are too few to tell: errors of rows that
    differ average out, so that mean half-widths then err to the safe side.
    """
    scores = [
        _beyond(truth[rows], value[rows], lower[rows], upper[rows])
        for rows in rows_of(groups)
        if len(rows) > 1
    ]
    if sum(not np.isnan(score).all() for score in scores) < fewest_rows(coverage):
        return 1.0
    factor = unit_quantile(np.stack(scores), coverage, np.arange(len(scores)))
    return factor if np.isfinite(factor) and factor > 0 else 1.0


def rows_of(groups: Array) -> list[NDArray[np.intp]]:
    """Return the row numbers of every group, groups in the order of their names."""
    _, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return np.split(np.argsort(place, kind="stable"), np.cumsum(counts)[:-1])


def _beyond(truth: Array, value: Array, lower: Array, upper: Array) -> Array:
    """Return how far a mean truth lies from the mean value, in mean half-widths of its side."""
    error = measured.mean(truth - value)
    above, below = (
        measured.mean(measured.where_known(truth, width))
        for width in (upper - value, value - lower)
    )
    half = np.where(error > 0, above, below)
    with np.errstate(invalid="ignore", divide="ignore"):  # no width at all covers no error
        scores: Array = np.where(error == 0, 0.0, np.abs(error) / np.maximum(half, 0))
    return np.where((~np.isnan(truth)).sum(axis=0) > 1, scores, np.nan)


def field_quantiles(
    truth: Array, value: Array, scale: Array, coverage: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return per channel the factors of `scale` that reach below and above the value."""
    score = (truth - value) / scale
    broken = np.isnan(score) & ~np.isnan(truth)  # no value: no bound reaches the truth
    level = 1 - (1 - coverage) / 2
    lower, upper = (
        conformal_quantile(np.where(broken, np.inf, tail), level) for tail in (-score, score)
    )
    return lower.astype(np.float32), upper.astype(np.float32)


def novelty_threshold(novelty: Array, false_alarms: float = 0.01) -> float:
    """Return the novelty above which a share `false_alarms` of calibration rows lies.

    With too few rows to tell (99 for 1 %) it is the largest of them.
    """
    return float(min(conformal_quantile(novelty, 1 - false_alarms), novelty.max()))


def scalar_bounds(
    truth: Array,
    value: Array,
    coverage: float,
    limits: tuple[float, float] = (-np.inf, np.inf),
    strength: Array | None = None,
) -> StratifiedBounds:
    """Fit bounds of a derived scalar by stratum of its strength and bin of its predicted value.

    Truth and value are censored at `limits` (a truth beyond them counts as infinite: it is only
    covered by a bound that says so); a NaN truth, no value at all, counts as beyond the upper
    end. Rows whose predicted value is NaN get no bounds and are left out.

    The error rate is shared between the tails so that a bin's bounds are shortest within the
    window: near its end one tail is often open and needs no share. Choosing among a few splits on
    the same rows costs a little coverage (under 1 % at the fewest rows of a bin).
    """
    low, high = limits
    truth = np.where(np.isnan(truth) | (truth >= high), np.inf, truth)
    truth = np.where(truth <= low, -np.inf, truth)
    known = ~np.isnan(value)
    value, truth = value[known], truth[known]
    if strength is None:
        return StratifiedBounds((_by_value(truth, value, coverage, limits),))
    strength = strength[known]
    edges = _edges(strength, _STRATA, _FEWEST_PER_STRATUM)
    places = np.digitize(strength, edges)
    strata = [
        _by_value(truth[places == i], value[places == i], coverage, limits)
        for i in range(len(edges) + 1)
    ]
    return StratifiedBounds(tuple(strata), tuple(edges))


def _by_value(
    truth: Array, value: Array, coverage: float, limits: tuple[float, float]
) -> ScalarBounds:
    edges = _edges(value, _BINS, _FEWEST_PER_BIN)
    places = np.digitize(value, edges)
    offsets = [
        _shortest(truth[places == place], value[places == place], coverage, limits)
        for place in range(len(edges) + 1)
    ]
    lower, upper = zip(*offsets, strict=True)
    return ScalarBounds(tuple(edges), lower, upper, limits)


def _shortest(
    truth: Array, value: Array, coverage: float, limits: tuple[float, float]
) -> tuple[float, float]:
    """Return the offsets of one bin whose bounds are shortest, cut to the window."""
    error = 1 - coverage
    shares = _TAIL_SHARES if len(value) >= _FEWEST_PER_BIN else _TAIL_SHARES[:1]
    # A truth beyond an end lies at that end for the bound on the other side: that has a number.
    low, high = limits
    above = np.where(truth == -np.inf, low, truth) - value
    below = np.where(truth == np.inf, high, truth) - value
    found = [(_lower(below, share * error), _upper(above, (1 - share) * error)) for share in shares]
    widths = [
        float(np.mean(np.clip(value + upper, *limits) - np.clip(value + lower, *limits)))
        for lower, upper in found
    ]
    return found[int(np.argmin(np.nan_to_num(widths, nan=np.inf)))]


def _lower(offset: Array, error: float) -> float:
    return -float(conformal_quantile(-offset, 1 - error)) if error else -np.inf


def _upper(offset: Array, error: float) -> float:
    return float(conformal_quantile(offset, 1 - error)) if error else np.inf


def _edges(value: Array, bins: int, fewest: int) -> list[float]:
    """Return inner bin edges at quantiles, each bin holding at least the fewest rows."""
    bins = max(1, min(bins, len(value) // fewest))
    if bins == 1:
        return []
    quantiles = {float(q) for q in np.quantile(value, np.arange(1, bins) / bins)}
    return sorted(q for q in quantiles if q > value.min())  # an edge at the minimum bins nothing
