"""Moments of windows are those of the curve as a distribution over energy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.errors import UsageError
from xmodkit_xes.moments import MOMENTS, WINDOWS, Window, moments

ENERGY = np.linspace(2445.0, 2480.0, 1000)
WHOLE = Window(2445.0, 2480.0, "all")


def gaussian(centre: float, sd: float, area: float = 1.0) -> np.ndarray:
    z = (ENERGY - centre) / sd
    return area * np.exp(-0.5 * z**2) / (sd * np.sqrt(2 * np.pi))


def values(curve: np.ndarray, window: Window = WHOLE, baseline: str = "none") -> list[float]:
    found = moments(ENERGY, curve[None], [window], baseline)
    assert list(found) == [f"{window.name}_{moment}" for moment in MOMENTS]
    return [float(one.value[0]) for one in found.values()]


@given(st.floats(2458.0, 2467.0), st.floats(0.3, 1.4), st.floats(0.01, 100.0))
def test_a_gaussian_has_its_own_moments(centre: float, sd: float, area: float) -> None:
    """Area, mean and sd are those it was made with; skewness and excess kurtosis are zero."""
    found = values(gaussian(centre, sd, area))
    np.testing.assert_allclose(found[:3], [area, centre, sd], rtol=1e-8)
    np.testing.assert_allclose(found[3:], 0.0, atol=1e-6)


def test_two_gaussians_have_the_moments_of_their_mixture() -> None:
    """Weights 3:1, 4 eV apart: mean, variance, skewness and kurtosis by the mixture's formulas."""
    apart, weights, sd = np.array([-1.0, 3.0]), np.array([0.75, 0.25]), 0.8
    variance = sd**2 + weights @ apart**2
    third = weights @ (apart**3 + 3 * apart * sd**2)
    fourth = weights @ (apart**4 + 6 * apart**2 * sd**2 + 3 * sd**4)
    found = values(gaussian(2461.0, sd, 0.75) + gaussian(2465.0, sd, 0.25))
    truth = [1, 2462, variance**0.5, third / variance**1.5, fourth / variance**2 - 3]
    np.testing.assert_allclose(found, truth, rtol=1e-7)


def test_a_window_s_ends_lie_between_points() -> None:
    """A constant is a uniform distribution, however the window falls."""
    window = Window(2450.0123, 2457.7171, "part")
    width = window.high - window.low
    found = values(np.ones(1000), window)
    np.testing.assert_allclose(found[0], width, rtol=1e-12)
    np.testing.assert_allclose(found[1], (window.high + window.low) / 2, rtol=1e-12)
    np.testing.assert_allclose(found[2:], [width / 12**0.5, 0, -1.2], rtol=1e-3, atol=1e-6)


def test_uneven_energies_give_the_same_moments() -> None:
    """Trapezoids weigh points by their distances."""
    rng = np.random.default_rng(1)
    uneven = np.sort(np.concatenate([[2445.0, 2480.0], rng.uniform(2445, 2480, 4000)]))
    curve = np.interp(uneven, ENERGY, gaussian(2462.0, 1.5))
    found = moments(uneven, curve[None], [WHOLE])
    np.testing.assert_allclose(found["all_mean"].value, 2462.0, atol=1e-3)
    np.testing.assert_allclose(found["all_sd"].value, 1.5, rtol=1e-3)


def test_a_line_baseline_takes_a_slope_away() -> None:
    """A line on a sloping background has the moments of the line alone."""
    window = Window(2455.0, 2469.0, "line")
    sloping = gaussian(2462.0, 1.0) + 0.2 + 0.01 * (ENERGY - 2445.0)
    np.testing.assert_allclose(
        values(sloping, window, "line"), [1, 2462, 1, 0, 0], rtol=1e-6, atol=1e-6
    )
    assert values(sloping, window)[0] > 3


def test_what_has_no_moments_says_so() -> None:
    """Empty, negative and uncovered windows are `none`; the other rows keep their values."""
    rows = np.stack([gaussian(2462.0, 1.0), np.zeros(1000), -gaussian(2462.0, 1.0)])
    found = moments(
        ENERGY, rows, [WHOLE, Window(2440.0, 2450.0, "out"), Window(2460, 2460.05, "n")]
    )
    assert found["all_mean"].status.tolist() == ["value", "none", "none"]
    assert np.isnan(found["all_sd"].value).tolist() == [False, True, True]
    for name in ("out", "n"):
        assert found[f"{name}_area"].status.tolist() == ["none"] * 3


def test_one_narrow_point_has_no_shape() -> None:
    """A window with all its intensity in one point has no variance to divide by."""
    curve = np.zeros(1000)
    curve[500] = 1.0
    assert moments(ENERGY, curve[None], [WHOLE])["all_skewness"].status.tolist() == ["none"]


@pytest.mark.parametrize("ends", [(5.0, 5.0), (6.0, 5.0), (float("nan"), 5.0)])
def test_a_window_runs_upwards(ends: tuple[float, float]) -> None:
    """A window that is none is a mistake in an option."""
    with pytest.raises(UsageError, match="the lower first"):
        Window(*ends, "w")


def test_default_windows_do_not_overlap() -> None:
    """Each has a name of its own, and ends before the next one up begins."""
    for windows in WINDOWS.values():
        assert len({window.name for window in windows}) == len(windows)
        assert all(a.high <= b.low for a, b in pairwise(sorted(windows, key=lambda w: w.low)))
