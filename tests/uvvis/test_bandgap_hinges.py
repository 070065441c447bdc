"""The hinge fit: it finds the corners of polylines, and prunes what noise added."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit_uvvis.bandgap.hinges import fit_polyline

X = np.linspace(1.31, 3.1, 220)
STEP = X[1] - X[0]


def polyline(*corners):
    at, height = zip(*corners, strict=True)
    return np.interp(X, at, height)


@given(corner=st.floats(1.6, 2.8), slope=st.floats(0.2, 5))
def test_a_single_corner_is_found_within_the_knots_spacing(corner, slope):
    y = slope * np.maximum(X - corner, 0)
    at, height = fit_polyline(X, y)
    assert np.abs(at - corner).min() <= 2.1 * STEP
    assert np.abs(np.interp(X, at, height) - y).max() < 0.05 * np.ptp(y)


def test_two_corners_are_found():
    at, height = fit_polyline(X, polyline((1.31, 0), (1.8, 0), (2.4, 1), (3.1, 1.1)))
    for corner in (1.8, 2.4):
        assert np.abs(at - corner).min() <= 3 * STEP
    assert np.interp(2.1, at, height) == pytest.approx(0.5, abs=0.01)


def test_vertices_rise_from_the_first_to_the_last_position():
    at, height = fit_polyline(X, np.sin(4 * X))
    assert (np.diff(at) > 0).all()
    assert (at[0], at[-1]) == (X[0], X[-1])
    assert at.shape == height.shape


def test_knots_keep_away_from_the_ends_and_stay_few():
    wild = np.random.default_rng(3).normal(size=X.size)
    for y in (wild, np.sin(40 * X)):
        at, _ = fit_polyline(X, y)
        assert len(at) <= 12
        assert ((at[1:-1] >= X[6]) & (at[1:-1] <= X[-8])).all()


def test_noise_around_a_line_gives_few_corners():
    random = np.random.default_rng(0)
    counts = [len(fit_polyline(X, X + random.normal(0, 0.05, X.size))[0]) for _ in range(30)]
    assert np.median(counts) <= 3


def test_a_constant_stays_constant():
    _, height = fit_polyline(X, np.full(X.size, 2.0))
    np.testing.assert_allclose(height, 2.0)


def test_the_fit_has_least_squares_residuals_that_no_shift_or_tilt_lessens():
    y = polyline((1.31, 0), (2.0, 0.1), (3.1, 1)) + np.random.default_rng(1).normal(0, 0.05, 220)
    at, height = fit_polyline(X, y)
    rest = y - np.interp(X, at, height)
    assert rest.sum() == pytest.approx(0, abs=1e-9)
    tilted = np.interp(X, at, height + 0.01 * (at - at.mean()))
    assert (rest**2).sum() < ((y - tilted) ** 2).sum()
