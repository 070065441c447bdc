"""Grids: cells of one size at their places, named as on well plates."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xmodkit.errors import InputError, UsageError
from xmodkit_uvvis.reading.grid import cut, divide, parse_grid, parse_region, tile


def test_a_region_is_divided_into_named_cells():
    grid = divide((100, 50, 180, 110), 3, 4)
    assert [cell.name for cell in grid.cells[:5]] == ["A1", "A2", "A3", "A4", "B1"]
    assert (grid.cells[6].row, grid.cells[6].column, grid.cells[6].name) == (1, 2, "B3")
    assert grid.cells[0].box == (100, 50, 120, 70)
    assert grid.cells[-1].box == (160, 90, 180, 110)


def test_rows_beyond_the_alphabet_are_named_aa_and_on():
    names = [cell.name for cell in divide((0, 0, 10, 1000), 54, 1).cells]
    assert (names[25], names[26], names[51], names[52]) == ("Z1", "AA1", "AZ1", "BA1")


def test_a_margin_trims_every_side():
    cell = divide((0, 0, 100, 200), 1, 1, margin=0.1).cells[0]
    assert cell.box == (10, 20, 90, 180)


@given(
    st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(60, 900), st.integers(60, 900)),
    st.integers(1, 12),
    st.integers(1, 12),
    st.floats(0, 0.45),
)
def test_cells_of_any_grid_are_equal_disjoint_and_inside_the_region(region, rows, columns, margin):
    pitch = (region[2] - region[0]) / columns, (region[3] - region[1]) / rows
    assume(min(pitch) * (1 - 2 * margin) > 5)
    cells = divide(region, rows, columns, margin).cells
    boxes = np.array([cell.box for cell in cells])
    assert len(set(map(tuple, boxes[:, 2:] - boxes[:, :2]))) == 1
    assert (boxes[:, :2].min(axis=0) >= region[:2]).all()
    assert (boxes[:, 2:].max(axis=0) <= region[2:]).all()
    covered = np.zeros((900, 900), int)
    for x0, y0, x1, y1 in boxes:
        covered[y0:y1, x0:x1] += 1
    assert covered.max() == 1


@given(
    st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(60, 900), st.integers(60, 900)),
    st.floats(5, 60),
)
def test_cells_of_any_pitch_lie_inside_the_region(region, pitch):
    assume(min(region[2] - region[0], region[3] - region[1]) >= pitch)
    boxes = np.array([cell.box for cell in tile(region, (pitch, pitch)).cells])
    assert (boxes[:, :2].min(axis=0) >= region[:2]).all()
    assert (boxes[:, 2:].max(axis=0) <= region[2:]).all()


def test_a_pitch_fills_the_region_from_its_corner():
    grid = tile((10, 20, 215, 139), (40.0, 40.0))
    assert (grid.rows, grid.columns) == (3, 5)  # the last row lacks one pixel of 40
    assert grid.cells[0].box == (10, 20, 50, 59)


def test_a_pitch_wider_than_the_region_is_refused():
    with pytest.raises(InputError, match="does not fit into 30 x 30 pixels"):
        tile((0, 0, 30, 30), (40.0, 40.0))


def test_crops_are_contiguous_copies():
    plate = np.arange(60 * 80 * 3, dtype=np.uint8).reshape(60, 80, 3)
    crops = list(cut(plate, divide((0, 0, 80, 60), 3, 4)))
    cell, crop = crops[5]
    np.testing.assert_array_equal(crop, plate[20:40, 20:40])
    assert cell.name == "B2"
    assert crop.flags.c_contiguous
    assert not np.shares_memory(crop, plate)


@pytest.mark.parametrize("text", ["7x4", "7X4", " 7 × 4 "])
def test_a_grid_is_rows_by_columns(text):
    assert parse_grid(text) == (7, 4)


@pytest.mark.parametrize("text", ["7", "7x", "0x4", "7x4x2", "-7x4", "seven"])
def test_a_grid_that_means_nothing_is_a_usage_error(text):
    with pytest.raises(UsageError, match="ROWSxCOLS"):
        parse_grid(text)


@pytest.mark.parametrize("text", ["1,2,3", "5,0,5,9", "a,b,c,d", "9,9,1,1"])
def test_a_region_that_means_nothing_is_a_usage_error(text):
    with pytest.raises(UsageError, match="x0,y0,x1,y1"):
        parse_region(text)


@pytest.mark.parametrize("margin", [-0.1, 0.5, 2])
def test_a_margin_that_leaves_nothing_is_a_usage_error(margin):
    with pytest.raises(UsageError, match="--margin"):
        divide((0, 0, 100, 100), 2, 2, margin)


def test_cells_too_small_to_read_are_refused():
    with pytest.raises(InputError, match="too small"):
        divide((0, 0, 100, 100), 40, 40)
