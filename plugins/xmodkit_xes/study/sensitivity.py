"""How strongly a spectrum answers to one feature, or one score, at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xmodkit_xes.study.rows import Floats

__all__ = ["paths", "sensitivity"]

_POINTS = 21
_ENDS = (0.01, 0.99)  # quantiles of the training rows between which an axis is walked


def paths(training: Floats) -> Floats:
    """Return the points (axis, point) at which each column of training rows is looked at."""
    low, high = np.quantile(training, _ENDS, axis=0)
    return np.asarray(np.linspace(low, high, _POINTS).T)


def sensitivity(
    spectrum: Callable[[Floats], Floats], centre: Floats, along: Floats, *, relative: bool = True
) -> Floats:
    """Return M(x) = ||S(x) - S(c)|| / ||S(c)|| (axis, point), one coordinate away from c at a time.

    `spectrum` makes S (N, channel) of points (N, axis). S(c) has no norm of its own where channels
    are standardised (moments): without `relative` the distance is divided by the root of the number
    of channels, so that 1 is one standard deviation. Metric of Passilahti, Vladyka and Niskanen
    (arXiv:2406.14044).
    """
    axes, points = along.shape
    at_centre = spectrum(centre[None])[0]
    scale = np.linalg.norm(at_centre) if relative else np.sqrt(at_centre.size)
    out = np.empty((axes, points))
    for axis in range(axes):
        walked = np.repeat(centre[None], points, axis=0)
        walked[:, axis] = along[axis]
        out[axis] = np.linalg.norm(spectrum(walked) - at_centre, axis=1) / scale
    return out
