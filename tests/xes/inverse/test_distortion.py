import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit.errors import DataError
from xmodkit_xes.inverse.distortion import Distortion

ENERGIES = np.linspace(0.0, 20.0, 101)
DISTORTION = Distortion(ENERGIES)


def line(centre: float, sd: float) -> np.ndarray:
    return np.exp(-0.5 * ((ENERGIES - centre) / sd) ** 2) / sd


@given(st.floats(-1.5, 1.5), st.floats(0.0, 1.0), st.floats(0.5, 1.2))
@settings(max_examples=30, deadline=None)
def test_a_gaussian_line_moves_and_its_variances_add(shift: float, extra: float, sd: float) -> None:
    found = DISTORTION(line(10, sd), np.array(shift), np.array(extra**2))
    np.testing.assert_allclose(found, line(10 + shift, np.hypot(sd, extra)), atol=2e-6)


def test_slopes_are_those_of_finite_differences() -> None:
    curve, at = line(9, 0.8)[None], (np.array([0.3]), np.array([0.1]))
    _, by_shift, by_variance = DISTORTION.with_slopes(curve, *at)
    h = 1e-4
    shifted = DISTORTION(curve, at[0] + h, at[1]) - DISTORTION(curve, at[0] - h, at[1])
    broader = DISTORTION(curve, at[0], at[1] + h) - DISTORTION(curve, at[0], at[1] - h)
    np.testing.assert_allclose(by_shift, shifted / (2 * h), atol=1e-6)
    np.testing.assert_allclose(by_variance, broader / (2 * h), atol=1e-6)


def test_a_curve_that_ends_high_keeps_its_level_beyond_the_edge() -> None:
    step = 1 / (1 + np.exp(-(ENERGIES - 8)))
    found = DISTORTION(step, np.array(0.6), np.array(0.0))
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-(ENERGIES - 8.6))), atol=2e-3)


@pytest.mark.parametrize("grid", [np.r_[0:5, 7:20], np.arange(20)[::-1], np.arange(5)])
def test_a_grid_that_is_not_even_and_rising_is_refused(grid: np.ndarray) -> None:
    with pytest.raises(DataError, match="evenly spaced"):
        Distortion(grid.astype(float))
