"""The grid of a regular library is found to a pixel; what has none is refused."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from xmodkit.errors import InputError
from xmodkit_uvvis.reading.finding import find_grid


def whole(plate):
    return 0, 0, plate.shape[1], plate.shape[0]


def assert_found(plate, rows, columns, corner=(50, 70), pitch=40.0):
    """Assert that every cell's centre is found to within a twentieth of the pitch."""
    grid = find_grid(plate, whole(plate))
    assert (grid.rows, grid.columns) == (rows, columns)
    boxes = np.array([cell.box for cell in grid.cells], float)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    cells = np.array([(cell.column + 0.5, cell.row + 0.5) for cell in grid.cells])
    assert np.abs(centres - (np.array(corner) + cells * pitch)).max() <= max(1.0, pitch / 20)
    assert boxes.min() >= 0
    assert (boxes[:, 2:] <= (plate.shape[1], plate.shape[0])).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"missing": 0.2},
        {"noise": 12},
        {"strength": 0.1, "noise": 4},
        {"slope": 40, "noise": 8},
        {"diameter": 0.3},
        {"diameter": 0.9},
        {"rings": True, "diameter": 0.75},
    ],
    ids=str,
)
def test_a_library_is_found_in_spite_of(draw_plate, faults, seed):
    assert_found(draw_plate(5, 7, seed=seed, **faults), 5, 7)


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 2), (2, 9), (12, 18)])
def test_libraries_of_any_shape_are_found(draw_plate, rows, columns):
    assert_found(draw_plate(rows, columns), rows, columns)


def test_a_pitch_of_no_whole_pixels_is_found(draw_plate):
    plate = draw_plate(12, 18, pitch=23.4, missing=0.15, noise=8)
    assert_found(plate, 12, 18, pitch=23.4)


def test_a_small_library_on_a_wide_plate_is_found(draw_plate):
    plate = draw_plate(4, 4, corner=(300, 200), size=(1400, 1400))
    assert_found(plate, 4, 4, corner=(300, 200))


def test_outer_cells_cut_by_the_image_shrink_all_cells_alike(draw_plate):
    plate = draw_plate(6, 9, corner=(-3, -2))
    assert_found(plate, 6, 9, corner=(-3, -2))


def test_a_plate_larger_than_what_is_looked_at_is_found(draw_plate):
    small = draw_plate(20, 30, pitch=20)
    plate = np.asarray(Image.fromarray(small).resize((small.shape[1] * 4, small.shape[0] * 4)))
    assert_found(plate, 20, 30, corner=(200, 280), pitch=80)


def test_a_known_pitch_is_kept(draw_plate):
    plate = draw_plate(5, 7)
    grid = find_grid(plate, whole(plate), pitch=(40.2, 39.9))
    assert (grid.rows, grid.columns) == (5, 7)
    assert grid.pitch == pytest.approx((40, 40), abs=1)


def test_only_the_region_is_searched(draw_plate):
    plate = np.concatenate([draw_plate(5, 7), draw_plate(5, 7, pitch=31, size=(380, 340))], axis=1)
    grid = find_grid(plate, (380, 0, 760, 340))
    assert (grid.rows, grid.columns) == (5, 7)
    assert grid.left == pytest.approx(430, abs=1)
    assert grid.pitch == pytest.approx((31, 31), abs=0.5)


@pytest.mark.parametrize("blur", [0, 1, 3, 6, 10])
def test_random_structure_has_no_grid(blur):
    noise = np.random.default_rng(blur).integers(0, 256, (400, 500, 3), dtype=np.uint8)
    image = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(blur)) if blur else noise
    smooth = np.asarray(image, float)
    plate = ((smooth - smooth.mean()) / smooth.std() * 50 + 128).clip(0, 255).astype(np.uint8)
    with pytest.raises(InputError, match=r"no regular grid .* --grid ROWSxCOLS"):
        find_grid(plate, whole(plate))


@pytest.mark.parametrize("size", [(500, 400), (12, 9), (1, 1)])
def test_bare_glass_has_no_grid(draw_plate, size):
    plate = draw_plate(0, 0, size=size)
    with pytest.raises(InputError, match="no regular grid"):
        find_grid(plate, whole(plate))


def test_one_colour_has_no_grid():
    plate = np.full((300, 400, 3), 200, np.uint8)
    with pytest.raises(InputError, match="no regular grid"):
        find_grid(plate, whole(plate))


def test_scattered_drops_have_no_grid(draw_plate):
    plate = draw_plate(0, 0, size=(500, 400))
    for x, y in np.random.default_rng(1).integers(20, 360, (25, 2)):
        plate[y : y + 20, x : x + 20] = (90, 60, 40)
    with pytest.raises(InputError, match="no regular grid"):
        find_grid(plate, whole(plate))


def test_a_staggered_library_is_refused_rather_than_cut_in_half(draw_plate):
    plate = draw_plate(6, 8, diameter=0.5, size=(500, 420))
    for row in range(1, 6, 2):
        band = slice(70 + 40 * row, 110 + 40 * row)
        plate[band] = np.roll(plate[band], 20, axis=1)
    with pytest.raises(InputError, match="no regular grid"):
        find_grid(plate, whole(plate))
