"""Between two latent vectors along an arc: where a Gaussian's mass is, not through its middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError

__all__ = ["slerp"]

Floats = NDArray[np.float64]

# Unit vectors nearer than this to each other, or to opposite ends, leave the arc's plane open.
_SAME = 1e-6


def slerp(start: Floats, end: Floats, shares: Floats) -> Floats:
    """Return vectors (t, k) on the arc from `start` (k,) to `end` (k,) at `shares` (t,) of the way.

    Share 0 gives `start` and 1 gives `end`: the weights printed in Noh et al. 2019 (supplement)
    are the other way round. Directions turn at an even rate, lengths grow at an even rate; for
    ends of equal length that is the published formula, which for others runs far out where they
    point apart. Parallel ends are joined straight. Of opposite ones the arc goes by the axis that
    is most nearly at right angles to both. An end of length 0 has no direction: joined straight
    too. (Shoemake, SIGGRAPH 1985.) Raise `DataError` for vectors of different lengths.
    """
    if start.shape != end.shape:
        raise DataError(
            f"latents of {start.size} and {end.size} numbers given; equal ones expected"
        )
    along = np.asarray(shares, float)[:, None]
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if min(lengths) == 0:
        return np.asarray((1 - along) * start + along * end)
    first, last = start / lengths[0], end / lengths[1]
    length = (1 - along) * lengths[0] + along * lengths[1]
    return np.asarray(length * _directions(first, last, along))


def _directions(first: Floats, last: Floats, along: Floats) -> Floats:
    """Return unit vectors (t, k) between two."""
    if np.linalg.norm(last - first) < _SAME:
        return (1 - along) * first + along * last
    if np.linalg.norm(last + first) < _SAME:
        return np.cos(np.pi * along) * first + np.sin(np.pi * along) * _across(first)
    # Of atan2, unlike of arccos, also small angles keep their digits.
    angle = 2 * np.arctan2(np.linalg.norm(last - first), np.linalg.norm(last + first))
    weights = np.sin((1 - along) * angle), np.sin(along * angle)
    return np.asarray((weights[0] * first + weights[1] * last) / np.sin(angle))


def _across(direction: Floats) -> Floats:
    """Return a unit vector at right angles to another, the same for one and its opposite."""
    if direction.size == 1:
        raise DataError("opposite latents of one number: no arc leads from one to the other")
    axis = np.zeros_like(direction)
    axis[np.abs(direction).argmin()] = 1
    across = axis - (axis @ direction) * direction
    return np.asarray(across / np.linalg.norm(across))
