"""The published gap finder, step by step, to compare with: slower, without foot or status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from xmodkit_uvvis.bandgap.hinges import fit_polyline
from xmodkit_uvvis.bandgap.lines import Floats, savgol_coefficients, smooth

__all__ = ["Reading", "published_gaps"]

Reading = Literal["double", "square"]

SMOOTHING: Final = (25, 4)  # Savitzky-Golay window in points, and order
LEAST_POINTS: Final = 10  # a segment holds more points than this


def published_gaps(
    energy: NDArray[np.floating],
    absorption: NDArray[np.floating],
    kind: Literal["direct", "indirect"],
    readings: Sequence[Reading] = ("double", "square"),
) -> dict[Reading, NDArray[np.float32]]:
    """Return gaps in eV, (samples,), of spectra (samples, energies); NaN where no segment fits.

    Schwarting et al., Mater. Discov. 10, 43 (2017), as their code of 2018 does it and Stein et
    al. 2019 used it: smooth, take the Tauc ordinate, divide by its maximum, fit hinges, and read
    off where the best segment meets zero. Its weight is slope^2 w sqrt(length) points, where w is
    twice the width in the code (`double`), which may have been meant as its `square`.
    """
    curves = np.asarray(absorption, np.float64)
    curves = smooth(curves.T, savgol_coefficients(len(energy), *SMOOTHING)).T
    ordinates = np.abs(curves * energy) ** (2.0 if kind == "direct" else 0.5)
    gaps: dict[Reading, NDArray[np.float32]] = {
        reading: np.full(len(curves), np.nan, np.float32) for reading in readings
    }
    for i, ordinate in enumerate(ordinates):
        highest = ordinate.max()
        if not highest > 0:  # nothing absorbs, or not a number
            continue
        at, height = fit_polyline(np.asarray(energy, np.float64), ordinate / highest)
        for reading in readings:
            gaps[reading][i] = _best_intercept(energy, at, height, reading)
    return gaps


def _best_intercept(
    energy: NDArray[np.floating], at: Floats, height: Floats, reading: Reading
) -> float:
    width, rise = np.diff(at), np.diff(height)
    # points strictly inside: a vertex that is a point belongs to neither segment
    points = np.searchsorted(energy, at[1:], "left") - np.searchsorted(energy, at[:-1], "right")
    usable = (rise > 0) & (points > LEAST_POINTS)
    slope = np.where(usable, rise / width, 1.0)
    meets = at[:-1] - height[:-1] / slope
    usable &= meets > 0
    if not usable.any():
        return float("nan")
    spread = 2 * width if reading == "double" else width**2
    weight = slope**2 * spread * np.sqrt(np.hypot(width, rise)) * points
    return float(meets[np.where(usable, weight, -1.0).argmax()])
