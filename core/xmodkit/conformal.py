"""Fit split-conformal bounds and the novelty threshold on rows never trained on. Numpy only.

Source: Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018), split conformal; scaled residuals as in
section 5.2 there. Lower and upper tails are calibrated apart, each at half the error rate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit.calibration import ScalarBounds
from xmodkit.modality import Array

__all__ = ["conformal_quantile", "field_quantiles", "novelty_threshold", "scalar_bounds"]

_FEWEST_PER_BIN = 150


def conformal_quantile(scores: Array, level: float) -> Array:
    """Return the finite-sample quantile along axis 0: the ceil((n + 1) level)-th smallest score.

    Where `n` is too small for the level the result is infinite.
    """
    n = len(scores)
    rank = int(np.ceil((n + 1) * level))
    if rank > n:
        return np.full(scores.shape[1:], np.inf)
    ordered: Array = np.partition(scores, rank - 1, axis=0)[rank - 1]
    return ordered


def field_quantiles(
    truth: Array, value: Array, scale: Array, coverage: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return per channel the factors of `scale` that reach below and above the value."""
    score = (truth - value) / scale
    level = 1 - (1 - coverage) / 2
    lower, upper = conformal_quantile(-score, level), conformal_quantile(score, level)
    return lower.astype(np.float32), upper.astype(np.float32)


def novelty_threshold(novelty: Array, false_alarms: float = 0.01) -> float:
    """Return the novelty above which a share `false_alarms` of calibration rows lies."""
    return float(conformal_quantile(novelty, 1 - false_alarms))


def scalar_bounds(
    truth: Array,
    value: Array,
    coverage: float,
    limits: tuple[float, float] = (-np.inf, np.inf),
    bins: int = 8,
) -> ScalarBounds:
    """Fit bounds of a derived scalar by bin of its predicted value.

    Truth and value are censored at `limits` (a truth beyond them counts as infinite: it is only
    covered by a bound that says so); a NaN truth, no value at all, counts as beyond the upper
    end. Rows whose predicted value is NaN get no bounds and are left out.
    """
    low, high = limits
    known = ~np.isnan(value)
    value, truth = value[known], truth[known]
    truth = np.where(np.isnan(truth) | (truth >= high), np.inf, truth)
    truth = np.where(truth <= low, -np.inf, truth)
    edges = _edges(value, bins)
    level = 1 - (1 - coverage) / 2
    places = np.digitize(value, edges)
    lower, upper = [], []
    for place in range(len(edges) + 1):
        offset = (truth - value)[places == place]
        lower.append(-float(conformal_quantile(-offset, level)))
        upper.append(float(conformal_quantile(offset, level)))
    return ScalarBounds(tuple(edges), tuple(lower), tuple(upper), limits)


def _edges(value: Array, bins: int) -> list[float]:
    """Return inner bin edges at quantiles, each bin holding enough rows for its tails."""
    bins = max(1, min(bins, len(value) // _FEWEST_PER_BIN))
    if bins == 1:
        return []
    return sorted({float(q) for q in np.quantile(value, np.arange(1, bins) / bins)})
