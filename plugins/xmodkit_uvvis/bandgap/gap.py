"""Find the optical gap of absorption spectra, or say on which side of the window it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit_uvvis.bandgap.lines import (
    Floats,
    Lines,
    Windows,
    fit_lines,
    savgol_coefficients,
    smooth,
)
from xmodkit_uvvis.modalities import GAP_WINDOW_EV

__all__ = ["Gap", "Kind", "band_gap", "band_gaps"]

Kind = Literal["direct", "indirect"]

SMOOTHING: Final = (25, 4)  # Savitzky-Golay window in points, and order
LENGTHS: Final = (11, 18, 28, 45, 72, 115, 185, 220)  # points of a segment
STEPS: Final = 5  # positions of a segment per length
LEVEL_POINTS: Final = 16  # points whose mean is a level of a curve
FLATNESS: Final = 0.15  # a foot's slope, of the steepest; its height, of the curve's range
FOOT: Final = 0.15  # place of the foot between a curve's lowest and its mean flat level
TOP_EV: Final = 2.9  # levels above this energy say how far a curve has risen
LEAST_RISE: Final = 0.05  # alpha*t below which no edge is believed
LEAST_SHARE: Final = 0.2  # of the curve's highest level, likewise
DARK: Final = 0.2  # alpha*t at the lowest energies that an edge below the window explains
TAIL: Final = 0.18  # share of the rise reached at the window's end if only a tail is seen
LEAST_LINE: Final = 0.1  # rise of a line, of the ordinate's maximum
TOLERANCE: Final = 0.015  # rms deviation from a line that quarters its weight, of its rise
REACH: Final = 0.15  # extrapolation that halves a line's weight, of its width
NEIGHBOURS: Final = (0.5, 0.1)  # lines averaged: least share of the best weight, farthest eV
CHUNK: Final = 64  # curves worked on at once: their sums stay in the processor's cache


@dataclass(frozen=True)
class Gap:
    """Gaps in eV (float32) of a batch, each with its status.

    `value`: inside the window. `above`, `below`: the edge lies beyond the window, whose end is
    the value. `none`: no edge, NaN.
    """

    value: NDArray[np.float32]
    status: NDArray[np.str_]


def band_gap(energy: NDArray[np.floating], absorption: NDArray[np.floating], kind: Kind) -> Gap:
    """Return the gaps of spectra `absorption` (samples, energies), alpha*t, over `energy` in eV.

    The spectra are smoothed, the flat foot below the edge is subtracted, and lines are fitted to
    many stretches of the Tauc ordinate: (alpha E)^2 if the transition is `direct`,
    (alpha E)^(1/2) if `indirect`. The best line's intercept is the gap. A line is the better the
    steeper, wider and denser it is (M. Schwarting et al., Mater. Discov. 10, 43, 2017), the
    better it fits, and the less it must be extended to meet zero. Which kind is right is the
    caller's assumption: an indirect edge at 1.6 eV read as direct gives about 2.5 eV.

    Where alpha*t does not rise by 0.05, and by a fifth of its maximum, there is no edge: the
    status is `below` if the film absorbs from the lowest energies on (alpha*t of 0.2: its edge
    must lie under the window), else `none`. Spectra that are not finite have `none`. Raise
    `DataError` for arrays that do not fit, or energies that do not rise across the window.
    """
    return band_gaps(energy, absorption, (kind,))[kind]


def band_gaps(
    energy: NDArray[np.floating],
    absorption: NDArray[np.floating],
    kinds: Sequence[Kind] = ("direct", "indirect"),
) -> dict[Kind, Gap]:
    """Return the gaps of several kinds at once, as `band_gap`; what they share is done once."""
    energy = np.asarray(energy, np.float64)
    if absorption.ndim != 2 or energy.shape != absorption.shape[1:]:
        raise DataError(
            f"band gap: energy {energy.shape} and absorption {absorption.shape} given, "
            "(energies,) and (samples, energies) expected"
        )
    grid = _grid(energy.tobytes())
    shape = (len(kinds), len(absorption))
    value, status = np.empty(shape, np.float32), np.empty(shape, "<U5")
    for first in range(0, len(absorption), CHUNK):
        rows = slice(first, first + CHUNK)
        curves, guess = _prepare(grid, absorption[rows])
        for i, kind in enumerate(kinds):
            meets = _intercept(grid.segments, _tauc(grid.energy, curves, kind))
            value[i, rows], status[i, rows] = guess.given(meets)
    return {kind: Gap(value[i], status[i]) for i, kind in enumerate(kinds)}


@dataclass(frozen=True)
class _Grid:
    energy: Floats
    weights: Floats
    levels: Windows
    segments: Windows


@lru_cache(maxsize=8)
def _grid(energy: bytes) -> _Grid:
    x = np.frombuffer(energy)
    low, high = GAP_WINDOW_EV
    if len(x) < 2 * SMOOTHING[0] or not (np.diff(x) > 0).all() or x[0] > low or x[-1] < high:
        raise DataError(
            f"band gap: {len(x)} energies given; at least {2 * SMOOTHING[0]} rising values that "
            f"reach from {low:.2f} to {high:.2f} eV expected"
        )
    return _Grid(
        x,
        savgol_coefficients(len(x), *SMOOTHING),
        Windows.over(x, (LEVEL_POINTS,), LEVEL_POINTS // 4),
        Windows.over(x, LENGTHS, STEPS),
    )


@dataclass(frozen=True)
class _Guess:
    """What the levels of each curve say of its gap: is there an edge, only a tail, or darkness."""

    edge: NDArray[np.bool_]
    tail: NDArray[np.bool_]
    dark: NDArray[np.bool_]

    def given(self, meets: Floats) -> tuple[Floats, NDArray[np.str_]]:
        """Return values and statuses, given where the best lines meet zero."""
        low, high = GAP_WINDOW_EV
        seen = self.edge & np.isfinite(meets)
        above = seen & (self.tail | (meets > high))
        below = (seen & (meets < low)) | (~seen & self.dark)
        status = np.select([above, below, seen], ["above", "below", "value"], "none")
        return np.select([above, below, seen], [high, low, meets], np.nan), status


def _prepare(grid: _Grid, absorption: NDArray[np.floating]) -> tuple[Floats, _Guess]:
    """Return smoothed curves above their foot, (energies, samples), and the first guess."""
    finite = np.isfinite(absorption).all(axis=1)
    curves = np.where(finite[:, None], absorption, 0.0).T.astype(np.float64, order="C")
    curves = smooth(curves, grid.weights)
    levels = fit_lines(grid.levels, curves)
    top = levels.level[grid.levels.middle[:, 0] > TOP_EV].max(axis=0)
    rise = top - levels.level.min(axis=0)
    edge = rise >= np.maximum(LEAST_RISE, LEAST_SHARE * levels.level.max(axis=0))
    curves -= _foot(levels)
    tail = curves[np.searchsorted(grid.energy, GAP_WINDOW_EV[1])] < TAIL * rise
    dark = levels.level[np.argmin(grid.levels.start)] >= DARK
    return curves, _Guess(edge, tail, dark)


def _foot(levels: Lines) -> Floats:
    """Return the level at which each curve runs flat before it rises, 0 if it rises at once.

    The lowest flat level alone would lie too low under noise and fringes, their mean too high
    under a band inside the gap.
    """
    level = levels.level
    lowest, highest = level.min(axis=0), level.max(axis=0)
    flat = np.abs(levels.slope) <= FLATNESS * levels.slope.max(axis=0)
    flat &= level - lowest <= FLATNESS * (highest - lowest)
    # each curve's levels lie together, so that they add up alike in any batch
    count = flat.sum(axis=0)
    total = np.ascontiguousarray(np.where(flat, level, 0.0).T).sum(axis=1)
    least = np.where(flat, level, np.inf).min(axis=0)
    least[count == 0] = 0
    foot: Floats = least + FOOT * (total / np.maximum(count, 1) - least)
    return foot


def _tauc(energy: Floats, curves: Floats, kind: Kind) -> Floats:
    """Return the Tauc ordinate, its maximum 1; noise below zero keeps its sign."""
    product = curves * energy[:, None]
    size = np.abs(product)
    ordinate: Floats
    ordinate = product * size if kind == "direct" else np.copysign(np.sqrt(size), product)
    ordinate /= np.maximum(ordinate.max(axis=0), 1e-12)
    return ordinate


def _intercept(segments: Windows, ordinate: Floats) -> Floats:
    """Return where the best line of each curve meets zero, NaN if no line rises.

    Lines nearly as good that meet zero nearby are averaged in, so that the gap moves smoothly
    with the curve.
    """
    lines = fit_lines(segments, ordinate)
    rise = lines.slope * segments.width
    rises = rise >= LEAST_LINE
    np.maximum(rise, LEAST_LINE, out=rise)
    meets = segments.middle - lines.level * segments.width / rise
    weight = _weights(segments, rise, lines.variance, meets)
    weight *= rises & (meets > 0)
    return _average(weight, meets)


def _weights(segments: Windows, rise: Floats, variance: Floats, meets: Floats) -> Floats:
    """Weigh lines: slope^2 (2 width) sqrt(length) points, less for bad fit and long reach."""
    square = rise * rise
    weight = np.sqrt(np.sqrt(segments.width**2 + square))
    weight *= square
    weight *= 2 * segments.count / segments.width
    variance /= square
    variance *= TOLERANCE**-2
    variance += 1
    reach = np.maximum(segments.low - meets, 0)
    reach *= 1 / (REACH * segments.width)
    reach *= reach
    reach += 1
    weight /= variance * variance * reach
    return weight


def _average(weight: Floats, meets: Floats) -> Floats:
    """Average what the best line and its like meet; NaN where no line weighs anything."""
    best = weight.argmax(axis=0)
    chosen = np.arange(weight.shape[1])
    share, distance = NEIGHBOURS
    weight *= np.abs(meets - meets[best, chosen]) < distance
    weight *= weight >= share * weight[best, chosen]
    # each curve's weights lie together, so that they add up alike in any batch
    total = np.ascontiguousarray(weight.T).sum(axis=1)
    weight *= meets
    sums = np.ascontiguousarray(weight.T).sum(axis=1)
    mean = np.full(len(total), np.nan)
    np.divide(sums, total, out=mean, where=total > 0)
    return mean
