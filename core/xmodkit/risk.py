"""How well one number ranks errors, and whether one model's errors are smaller than another's."""

from __future__ import annotations

import numpy as np

from xmodkit.modality import Array
from xmodkit.scores import pearson_per_channel

__all__ = ["aurc", "paired_bootstrap", "risk_coverage", "spearman"]


def spearman(one: Array, other: Array) -> float:
    """Return the rank correlation of two arrays (samples,), ties sharing their mean rank."""
    return float(pearson_per_channel(_ranks(one), _ranks(other)))


def _ranks(values: Array) -> Array:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean: Array = last - (counts - 1) / 2
    return mean[places]


def risk_coverage(error: Array, novelty: Array) -> Array:
    """Return the mean error of the k most familiar samples, for k = 1 to all (samples,).

    The risk-coverage curve of a model that answers familiar samples first (El-Yaniv and Wiener,
    J. Mach. Learn. Res. 11, 1605, 2010).
    """
    ordered = error[np.argsort(novelty, kind="stable")]
    curve: Array = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    return curve


def aurc(error: Array, novelty: Array) -> float:
    """Return the area under the risk-coverage curve: the mean risk over all coverages."""
    return float(risk_coverage(error, novelty).mean())


def paired_bootstrap(
    error: Array, other: Array, units: Array, seed: int, draws: int = 2000, level: float = 0.95
) -> tuple[float, float, float]:
    """Return mean(error - other) and its bootstrap interval; whole units (samples,) are drawn.

    Samples of one unit (a plate) are not independent. A gain counts when the interval excludes 0.
    """
    _, places = np.unique(units, return_inverse=True)
    sums = np.bincount(places, weights=error - other)
    sizes = np.bincount(places)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=draws)
    means = (drawn @ sums) / (drawn @ sizes)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float((error - other).mean()), float(low), float(high)
