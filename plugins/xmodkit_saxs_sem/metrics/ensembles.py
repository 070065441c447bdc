"""How well an ensemble of predictions foretells what is true: CRPS, and intervals of members."""

from __future__ import annotations

import numpy as np

from xmodkit.errors import DataError
from xmodkit.modality import Array

__all__ = ["crps", "ensemble_interval"]


def crps(members: Array, truth: Array) -> Array:
    """Return the continuous ranked probability score (n, ...), in the unit of the truth (n, ...).

    `members` is (n, m, ...). The fair estimate: what an ensemble of infinitely many members would
    score on average, so that its size does not matter. Raise `DataError` for fewer than 2 members.
    Source: Ferro, Q. J. R. Meteorol. Soc. 140, 1917 (2014), eq. 5.
    """
    count = members.shape[1]
    if count < 2:
        raise DataError(f"an ensemble of {count} member(s) given, 2 or more expected")
    ordered = np.sort(members.astype(np.float64), axis=1)
    # Of sorted members, the sum of |a - b| over all pairs is this weighted sum, once each.
    weights = 2 * np.arange(1, count + 1) - count - 1
    apart = np.tensordot(weights, ordered, axes=(0, 1)) / (count * (count - 1))
    error = np.abs(members - truth[:, None]).mean(axis=1)
    return np.asarray(error - apart)


def ensemble_interval(members: Array, coverage: float) -> tuple[Array, Array]:
    """Return the members (n, m, ...) between which a further one lies with that probability.

    Lower and upper are (n, ...): the k-th smallest and the k-th largest, k as large as may be.
    Raise `DataError` with too few members: 19 are needed for 90 %.
    """
    count = members.shape[1]
    rank = int(np.floor((1 - coverage) / 2 * (count + 1) + 1e-9))
    if rank < 1:
        least = int(np.ceil(2 / (1 - coverage) - 1e-9)) - 1
        raise DataError(
            f"an ensemble of {count} member(s) given, {least} or more expected for bounds that "
            f"hold {coverage:.0%}"
        )
    ordered = np.sort(members, axis=1)
    return ordered[:, rank - 1], ordered[:, count - rank]
