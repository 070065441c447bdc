"""Statistical moments of windows of a spectrum, taken as a distribution over energy.

Mean, standard deviation, skewness and excess kurtosis of two lines are what Passilahti, Vladyka
and Niskanen (arXiv 2406.14044) predict of emission spectra.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import UsageError
from xmodkit.prediction import Derived

__all__ = ["MOMENTS", "WINDOWS", "Baseline", "Window", "moments"]

Floats = NDArray[np.float64]
Baseline = Literal["none", "line"]

# What is computed of each window, and its unit; an area has that of the spectrum, times eV.
MOMENTS: Mapping[str, str] = {
    "area": "eV",
    "mean": "eV",
    "sd": "eV",
    "skewness": "1",
    "kurtosis": "1",
}
_LEAST_POINTS = 3
_LEAST_SD_EV = 1e-6


@dataclass(frozen=True)
class Window:
    """A part of a spectrum, from `low` to `high` in eV, and what it is called."""

    low: float
    high: float
    name: str

    def __post_init__(self) -> None:
        if not (np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise UsageError(
                f"window {self.name!r} from {self.low:g} to {self.high:g} eV given; two energies, "
                "the lower first, expected"
            )


# The parts of the spectra of the shipped models, by absorber and kind.
WINDOWS: Mapping[tuple[str, str], tuple[Window, ...]] = {
    # Valence to core: the valence band, then orbitals of mostly ligand 2s character.
    ("S", "xes"): (Window(2457.0, 2475.0, "valence"), Window(2448.0, 2457.0, "ligand_s")),
    ("S", "xanes"): (Window(2469.0, 2476.0, "edge"), Window(2476.0, 2490.0, "continuum")),
    ("Cu", "xanes"): (Window(8985.0, 8997.0, "rise"), Window(8997.0, 9012.0, "white_line")),
    # Orbitals 1b2 (along the hydrogens), then 3a1 and the lone pair 1b1.
    ("O", "xes"): (Window(494.0, 500.0, "1b2"), Window(500.0, 507.0, "3a1_1b1")),
    # Empty orbitals below the ionisation energy, then the continuum.
    ("O", "xas"): (Window(541.0, 551.0, "bound"), Window(551.0, 565.0, "continuum")),
}


def moments(
    energy: NDArray[np.floating],
    spectra: NDArray[np.floating],
    windows: Sequence[Window],
    baseline: Baseline = "none",
) -> dict[str, Derived]:
    """Return `<window>_<moment>` of spectra (samples, points) at rising energies (points,) in eV.

    Each of `MOMENTS` is an array (samples,): the integral of the window, and mean, standard
    deviation, skewness and excess kurtosis of the intensity in it as a density over energy, by
    the trapezoidal rule on the given points and the window's ends (linear in between). With the
    baseline `line` the straight line between the curve's values at both ends is subtracted.

    The status is `none`, and the value NaN, where a window leaves the spectrum or holds fewer than
    three points, and where its area or variance is not positive.
    """
    x, y = np.asarray(energy, np.float64), np.asarray(spectra, np.float64)
    found: dict[str, Derived] = {}
    for window in windows:
        values = _window_moments(x, y, window, baseline)
        for (moment, unit), value in zip(MOMENTS.items(), values, strict=True):
            status = np.where(np.isnan(value), "none", "value")
            found[f"{window.name}_{moment}"] = Derived(value, unit=unit, status=status)
    return found


def _window_moments(x: Floats, y: Floats, window: Window, baseline: Baseline) -> Floats:
    """Return the moments (moment, samples) of one window, NaN where there are none."""
    inside = (x > window.low) & (x < window.high)
    slack = (x[1] - x[0]) / 2
    covered = x[0] - slack <= window.low and x[-1] + slack >= window.high
    if not covered or inside.sum() < _LEAST_POINTS:
        return np.full((len(MOMENTS), len(y)), np.nan)
    knots = np.concatenate([[window.low], x[inside], [window.high]])
    ends = np.stack([[np.interp(end, x, row) for end in (window.low, window.high)] for row in y])
    curve = np.concatenate([ends[:, :1], y[:, inside], ends[:, 1:]], axis=1)
    # Around the middle: raw powers of thousands of eV would lose every digit.
    middle = (window.low + window.high) / 2
    from_middle = knots - middle
    if baseline == "line":
        curve -= ends.mean(axis=1)[:, None] + np.outer(
            (ends[:, 1] - ends[:, 0]) / (window.high - window.low), from_middle
        )
    steps = np.diff(knots)
    weights = np.concatenate([steps, [0.0]]) / 2 + np.concatenate([[0.0], steps]) / 2
    return _shape(curve * weights, from_middle, middle)


def _shape(mass: Floats, place: Floats, middle: float) -> Floats:
    """Return area, mean, sd, skewness and excess kurtosis of masses (samples, points)."""
    area = mass.sum(axis=1)
    area = np.where(area > 0, area, np.nan)
    mean = mass @ place / area
    apart = place - mean[:, None]
    second, third, fourth = ((mass * apart**power).sum(axis=1) / area for power in (2, 3, 4))
    sd = np.sqrt(np.where(second > _LEAST_SD_EV**2, second, np.nan))
    shape = np.stack([area, middle + mean, sd, third / sd**3, fourth / sd**4 - 3.0])
    shape[:, np.isnan(shape).any(axis=0)] = np.nan
    return shape
