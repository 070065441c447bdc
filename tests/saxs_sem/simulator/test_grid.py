"""Grids: rows run down, and what varies slowly survives the way from coarse to fine."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit_saxs_sem.simulator.grid import Grid, refined

pytest.importorskip("scipy", reason="interpolation needs xmodkit[saxs-sem]")


def test_y_points_up_against_the_rows():
    grid = Grid(3, 4, 2.0)
    np.testing.assert_allclose(grid.y(), [0, -2, -4])
    np.testing.assert_allclose(grid.x(), [0, 2, 4, 6])
    assert grid.area_um2 == pytest.approx(48e-6)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(2, 90),
    columns=st.integers(2, 90),
    pixel=st.floats(0.5, 5.0),
    ratio=st.floats(1.0, 6.0),
)
def test_a_parabola_is_interpolated_exactly_at_any_pixel_size(rows, columns, pixel, ratio):
    """Cubic convolution is exact for polynomials up to the second degree."""
    fine = Grid(rows, columns, pixel)
    coarse = fine.coarse(pixel * ratio)

    def surface(y, x):
        return (
            1 + y[:, None] - 0.5 * x + 0.3 * (x * y[:, None]) + 0.1 * x**2 - 0.2 * y[:, None] ** 2
        )

    scale = pixel * max(rows, columns)
    before = coarse.pixel_nm  # the coarse grid begins one of its points before the fine one
    field = surface((coarse.y() + before) / scale, (coarse.x() - before) / scale)
    expected = surface(fine.y() / scale, fine.x() / scale)
    np.testing.assert_allclose(refined(field, coarse, fine), expected, rtol=1e-3, atol=1e-3)
