"""Curves on another grid keep what they can, and normalised ones share a scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.errors import InputError
from xmodkit_xes.reading.grids import even_grid, normalise, resample

ENERGY = np.linspace(2445.0, 2480.0, 1000)
LINE = np.exp(-0.5 * ((ENERGY - 2467.0) / 1.3) ** 2)


def test_a_straight_line_is_kept_on_any_grid() -> None:
    """Linear interpolation and cell means are both exact for straight lines."""
    grid = even_grid(2450.0, 2475.0, 37)
    for conserve in (False, True):
        found = resample(ENERGY, 2.0 * ENERGY - 5.0, grid, conserve=conserve)
        np.testing.assert_allclose(found, 2.0 * grid - 5.0, rtol=1e-12)


def test_the_curve_s_own_grid_gives_the_curve() -> None:
    """Nothing happens to a curve that is on the grid already, however many it stands among."""
    rows = np.stack([LINE, 3 * LINE])
    np.testing.assert_array_equal(resample(ENERGY, rows, ENERGY), rows)


@given(st.integers(12, 60), st.floats(2460.0, 2472.0))
def test_cell_means_keep_the_integral_on_a_coarse_grid(points: int, centre: float) -> None:
    """A line narrower than the cells keeps its area, wherever it falls between points."""
    narrow = np.exp(-0.5 * ((ENERGY - centre) / 0.3) ** 2)
    grid = even_grid(2445.0, 2480.0, points)
    found = resample(ENERGY, narrow, grid, conserve=True)
    # The first and the last cell are cut at the grid's ends.
    cells = np.full(points, grid[1] - grid[0])
    cells[[0, -1]] /= 2
    assert (found * cells).sum() == pytest.approx(np.trapezoid(narrow, ENERGY), rel=1e-9)


def test_points_between_lose_the_integral_that_cell_means_keep() -> None:
    """Interpolating a narrow line linearly onto a coarse grid is another thing."""
    narrow = np.exp(-0.5 * ((ENERGY - 2466.4) / 0.1) ** 2)
    grid = even_grid(2445.0, 2480.0, 36)
    truth = np.trapezoid(narrow, ENERGY)
    assert np.trapezoid(resample(ENERGY, narrow, grid), grid) < 0.01 * truth
    kept = np.trapezoid(resample(ENERGY, narrow, grid, conserve=True), grid)
    assert kept == pytest.approx(truth, rel=1e-9)


def test_half_a_step_beyond_the_end_holds_the_end_and_more_is_refused() -> None:
    """A grid that the curve does not cover says what is missing, unless told to hold the end."""
    grid = even_grid(2444.99, 2480.0, 50)
    assert resample(ENERGY, LINE + 1, grid)[0] == LINE[0] + 1
    wider = even_grid(2443.0, 2480.0, 50)
    with pytest.raises(InputError, match=r"2445\.00 to 2480\.00 eV given, 2443\.00 to"):
        resample(ENERGY, LINE, wider)
    assert resample(ENERGY, LINE + 1, wider, hold=2.0)[0] == LINE[0] + 1


def test_areas_and_edge_steps_become_one() -> None:
    """Emission gets unit area, absorption a unit step from zero."""
    by_area = normalise(ENERGY, np.stack([7 * LINE, 0.01 * LINE]), "area")
    np.testing.assert_allclose(np.trapezoid(by_area, ENERGY, axis=1), 1.0)
    edge = 40.0 + 8.0 / (1 + np.exp(2465 - ENERGY))
    by_step = normalise(ENERGY, edge, "edge-step")
    assert by_step[0] == pytest.approx(0, abs=1e-6)
    assert by_step[-1] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("how", "what"), [("area", "area"), ("edge-step", "edge step")])
def test_a_curve_without_area_or_step_is_refused(how: str, what: str) -> None:
    """Dividing by nothing would make noise look like a spectrum."""
    with pytest.raises(InputError, match=f"{what} is"):
        normalise(ENERGY, -1.0 * np.arange(1000.0), how)


@pytest.mark.parametrize("ends", [(2.0, 1.0, 10), (1.0, 2.0, 1), (float("nan"), 1.0, 5)])
def test_a_grid_that_is_none_is_refused(ends: tuple[float, float, int]) -> None:
    """Energies rise, and there are at least two."""
    with pytest.raises(InputError, match="rising expected"):
        even_grid(*ends)
