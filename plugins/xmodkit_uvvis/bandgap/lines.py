"""Straight lines through many windows of many curves at once.

Curves lie in columns, (points, curves): running sums then turn every window into a difference of
two rows. Only element-wise operations and running sums are used, so that a curve's result does
not depend on the batch it came in (matrix products and reductions differ in the last bits).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Lines", "Windows", "fit_lines", "savgol_coefficients", "smooth"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Windows:
    """Runs of consecutive points: `start` to `stop` (excluded), all shaped (windows, 1).

    `x` holds the points' positions; `low` is a window's first position, `middle` its mean and
    `width` its extent; `moment` is the sum of squared distances from the mean.
    """

    x: Floats
    start: NDArray[np.intp]
    stop: NDArray[np.intp]
    low: Floats
    middle: Floats
    width: Floats
    moment: Floats

    @property
    def count(self) -> NDArray[np.intp]:
        """Points in each window, (windows, 1)."""
        return (self.stop - self.start)[:, None]

    @classmethod
    def over(cls, x: Floats, lengths: Sequence[int], steps: int) -> Windows:
        """Place windows of each length over `x`, shifted by `1 / steps` of the length."""
        runs = np.array(
            [
                (start, start + length)
                for length in lengths
                if length <= len(x)
                for start in _starts(len(x) - length, max(1, length // steps))
            ],
            dtype=np.intp,
        )
        start, stop = runs.T
        middle = np.array([x[a:b].mean() for a, b in runs])[:, None]
        moment = np.array([((x[a:b] - x[a:b].mean()) ** 2).sum() for a, b in runs])[:, None]
        low = x[start][:, None]
        return cls(x[:, None], start, stop, low, middle, x[stop - 1][:, None] - low, moment)


@dataclass(frozen=True)
class Lines:
    """Least-squares lines of every window and curve, (windows, curves).

    `level` is the line's value at the window's middle, `variance` the mean squared residual.
    """

    slope: Floats
    level: Floats
    variance: Floats


def fit_lines(windows: Windows, y: Floats) -> Lines:
    """Fit a line to each window of curves `y` (points, curves)."""
    n = windows.count
    level = _window_sums(y, windows) / n
    slope = (_window_sums(windows.x * y, windows) - windows.middle * n * level) / windows.moment
    variance = _window_sums(y * y, windows) / n - level * level
    variance -= slope * slope * (windows.moment / n)
    return Lines(slope, level, np.maximum(variance, 0.0, out=variance))


def savgol_coefficients(points: int, window: int, order: int) -> Floats:
    """Return Savitzky-Golay weights, (points, window): row i weighs the window around point i.

    Near the ends the window stays inside the curve and its polynomial is read off-centre
    (Savitzky and Golay, Anal. Chem. 36, 1627, 1964; Gorry, Anal. Chem. 62, 570, 1990).
    """
    at = np.arange(points) - _savgol_starts(points, window)
    powers = np.arange(order + 1)
    grid = (np.arange(window) - window // 2) / window
    fit = np.linalg.pinv(grid[:, None] ** powers)
    weights: Floats = (((at - window // 2) / window)[:, None] ** powers) @ fit
    return weights


def smooth(y: Floats, weights: Floats) -> Floats:
    """Smooth curves (points, curves) by the weights of `savgol_coefficients`."""
    points, window = weights.shape
    starts = _savgol_starts(points, window)
    smoothed = weights[:, :1] * y[starts]
    for offset in range(1, window):
        smoothed += weights[:, offset : offset + 1] * y[starts + offset]
    return smoothed


def _savgol_starts(points: int, window: int) -> NDArray[np.intp]:
    return np.clip(np.arange(points) - window // 2, 0, points - window)


def _starts(last: int, step: int) -> list[int]:
    """Return starts counted from the top, so that the steepest end is always covered."""
    return list(range(last, -1, -step))


def _window_sums(y: Floats, windows: Windows) -> Floats:
    sums = np.zeros((len(y) + 1, y.shape[1]))
    # along the last, contiguous axis numpy adds up several times faster than along the first
    sums[1:] = np.cumsum(np.ascontiguousarray(y.T), axis=1).T
    total: Floats = sums[windows.stop]
    total -= sums[windows.start]
    return total
