"""How noisy a measured curve is, judged by the curve itself."""

from __future__ import annotations

import numpy as np

from xmodkit_xes.inverse.distortion import Floats

__all__ = ["estimated_noise"]

# A fourth difference of independent noise has 1 + 16 + 36 + 16 + 1 times its variance.
_FOURTH = 70.0
# The median of |x| of a normal distribution, in standard deviations.
_MEDIAN = 0.6745
# Of the highest point: what a quiet instrument still has.
_LEAST = 1e-3


def estimated_noise(curve: Floats) -> float:
    """Return the noise sd of a curve (n,), n >= 6, from its fourth differences.

    These remove what is smooth over five points; their median forgives sharp lines.
    """
    rough = np.median(np.abs(np.diff(curve, 4))) / (_MEDIAN * _FOURTH**0.5)
    return float(max(rough, _LEAST * np.abs(curve).max()))
