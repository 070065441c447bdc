"""The options of a plate mean one grid each, and contradictions are refused."""

from pathlib import Path

import numpy as np
import pytest

from xmodkit.errors import InputError, UsageError
from xmodkit.images import ImageFile, read_image
from xmodkit_uvvis.reading.grid import divide
from xmodkit_uvvis.reading.plate import draw_grid, is_plate, lay_grid

AGING = Path(__file__).parents[4] / "shared" / "data" / "perovskite_rgb_aging"


def image_of(pixels, dpi=None):
    return ImageFile(pixels, "PNG", dpi=dpi)


@pytest.mark.parametrize("options", [{}, {"grid": None, "plate": False, "margin": None}])
def test_without_options_an_image_is_no_plate(options):
    assert not is_plate(options)


@pytest.mark.parametrize("options", [{"grid": "2x2"}, {"pitch_mm": 2.0}, {"plate": True}])
def test_a_grid_a_pitch_or_the_flag_make_a_plate(options):
    assert is_plate(options)


@pytest.mark.parametrize("key", ["region", "dpi", "plate_map", "margin"])
def test_an_option_of_plates_alone_is_a_usage_error(key):
    with pytest.raises(UsageError, match=f"--{key.replace('_', '-')} needs a plate"):
        is_plate({key: 1})


def test_a_grid_divides_the_whole_image_without_a_region(draw_plate):
    grid, notices = lay_grid(image_of(draw_plate(5, 7)), {"grid": "5x7", "margin": 0.1})
    assert (grid.rows, grid.columns, grid.left, grid.top) == (5, 7, 0, 0)
    assert grid.size == (int(380 / 7 * 0.8), int(340 / 5 * 0.8))
    assert notices == ()


def test_a_pitch_fills_the_region_at_the_resolution_given(draw_plate):
    options = {"pitch_mm": 5.0, "dpi": 203.2, "region": "50,70,330,270"}
    grid, notices = lay_grid(image_of(draw_plate(5, 7)), options)
    assert (grid.rows, grid.columns) == (5, 7)
    assert grid.cells[0].box == (50, 70, 90, 110)
    assert notices == ()


def test_a_pitch_finds_the_drops_where_no_region_is_given(draw_plate):
    image = image_of(draw_plate(5, 7), dpi=(203.2, 203.2))
    grid, notices = lay_grid(image, {"pitch_mm": 5.0})
    assert (grid.rows, grid.columns) == (5, 7)
    assert (grid.left, grid.top) == pytest.approx((50, 70), abs=1)
    assert notices[0] == "resolution of 203 dpi taken from the file"
    assert "5 x 7 cells found" in notices[1]


def test_a_pitch_without_a_resolution_is_refused(draw_plate):
    with pytest.raises(InputError, match="give --dpi"):
        lay_grid(image_of(draw_plate(5, 7)), {"pitch_mm": 5.0})


def test_the_flag_finds_pitch_and_drops_and_says_so(draw_plate):
    grid, notices = lay_grid(image_of(draw_plate(5, 7)), {"plate": True})
    assert (grid.rows, grid.columns) == (5, 7)
    assert notices == ("5 x 7 cells found at a pitch of 40.0 x 40.0 pixels; look at them with "
                       "--preview",)  # fmt: skip


def test_the_flag_with_a_grid_refuses_another_count(draw_plate):
    image = image_of(draw_plate(5, 7))
    assert lay_grid(image, {"plate": True, "grid": "5x7"})[0].columns == 7
    with pytest.raises(InputError, match="5 x 7 cells found where --grid asks for 7 x 5"):
        lay_grid(image, {"plate": True, "grid": "7x5"})


def test_a_grid_and_a_pitch_contradict_each_other(draw_plate):
    with pytest.raises(UsageError, match="give one of them"):
        lay_grid(image_of(draw_plate(5, 7)), {"grid": "5x7", "pitch_mm": 5.0})


@pytest.mark.parametrize("wrong", [{"pitch_mm": -1.0}, {"pitch_mm": 1.0, "dpi": -300.0}])
def test_negative_lengths_are_usage_errors(draw_plate, wrong):
    with pytest.raises(UsageError, match="positive"):
        lay_grid(image_of(draw_plate(5, 7), dpi=(300, 300)), wrong)


def test_a_region_beyond_the_image_is_refused(draw_plate):
    with pytest.raises(InputError, match="380 x 340 pixels"):
        lay_grid(image_of(draw_plate(5, 7)), {"grid": "5x7", "region": "0,0,381,340"})


def test_the_preview_draws_a_box_around_every_cell():
    plate = np.full((200, 300, 3), 120, np.uint8)
    grid = divide((0, 0, 300, 200), 2, 3, margin=0.1)
    picture = np.asarray(draw_grid(plate, grid))
    assert picture.shape == plate.shape
    for cell in grid.cells:
        x0, y0, x1, y1 = cell.box
        assert picture[y1 - 1, x0 + 5].tolist() == [255, 255, 0]
        assert picture[y0 + 20, x1].tolist() == [0, 0, 0]
        assert (picture[y0 + 1 : y0 + 30, x0 + 2 : x0 + 40] != 120).any()  # the name


def test_the_preview_of_a_large_plate_is_small_enough_to_look_at():
    plate = np.full((4100, 5200, 3), 120, np.uint8)
    assert draw_grid(plate, divide((0, 0, 5200, 4100), 9, 9)).size == (1734, 1367)


@pytest.mark.skipif(not AGING.is_dir(), reason="the photographs of aging films are not here")
def test_photographed_films_fall_into_their_cells():
    image = read_image(AGING / "20190728121221.png")
    options = {"grid": "7x4", "region": "362,268,926,784", "margin": 0.2}
    grid, _ = lay_grid(image, options)
    crops = {c.name: image.pixels[c.box[1] : c.box[3], c.box[0] : c.box[2]] for c in grid.cells}
    assert len(crops) == 28
    # The first film of the second row is still black, the second of the fourth has turned yellow.
    black, yellow = crops["B1"].mean(axis=(0, 1)), crops["D2"].mean(axis=(0, 1))
    assert black.max() < 25
    assert yellow[0] > 1.5 * yellow[2]
    assert yellow[1] > 60
