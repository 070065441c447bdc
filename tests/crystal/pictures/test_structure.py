"""A picture of a crystal fills its frame, in colours that chemists know."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from xmodkit.curveplot import INK
from xmodkit.pair import Sample
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.pictures import structure as module
from xmodkit_crystal.pictures.colours import element_colour
from xmodkit_crystal.pictures.structure import cell_texts, draw_legend, draw_structure
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.structure import Crystal


def test_it_fills_the_frame_but_for_a_margin(rocksalt: Crystal):
    picture = np.asarray(draw_structure(rocksalt, (200, 160)))
    rows, columns = np.nonzero((picture < 250).any(axis=2))
    assert picture.shape == (160, 200, 3)
    assert np.ptp(rows) > 115
    assert min(rows.min(), columns.min()) >= 1


def test_oxygen_is_red_and_vanadium_grey(rocksalt: Crystal):
    picture = np.asarray(draw_structure(rocksalt, (200, 160))).astype(int)
    red = (picture[..., 0] > picture[..., 1] + 80).mean()
    grey = (np.ptp(picture, axis=2) < 12) & (picture[..., 0] < 200)
    assert red > 0.03
    assert grey.mean() > 0.03


def test_a_flat_and_long_cell_is_drawn_whole():
    cell = np.array([[30.0, 0, 0], [14, 5, 0], [-9, 2, 3]])
    picture = np.asarray(draw_structure(Crystal(np.array([6]), np.zeros((1, 3)), cell), (120, 120)))
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert (border == 255).all()


@pytest.mark.parametrize("name", ["VO-rocksalt", "V2O3-corundum", "VO2-rutile"])
def test_the_letters_of_the_axes_cover_no_atom(
    name: str, example: Callable[[str], Sample], monkeypatch: pytest.MonkeyPatch
):
    """In a primitive cell an axis may end behind atoms: all that is coloured stays as it was."""
    crystal = canonical(to_crystal(example(name).arrays["crystal"]))
    written = np.asarray(draw_structure(crystal, (236, 206))).astype(int)
    monkeypatch.setattr(module, "_name_axes", lambda *_: None)
    bare = np.asarray(draw_structure(crystal, (236, 206))).astype(int)
    changed = (written != bare).any(axis=2)
    assert changed.sum() > 30
    red = bare[..., 0] - bare[..., 1] > 60
    assert red.any()
    assert not (changed & red).any()


def test_the_legend_names_each_element_metals_first(rocksalt: Crystal, pixels: Callable):
    card = Image.new("RGB", (120, 20), "#ffffff")
    draw_legend(card, (0, 10), rocksalt)
    discs = np.asarray(card).astype(int)[10]
    first, second = discs[5], discs[np.flatnonzero(discs[:, 0] > discs[:, 1] + 80)[0]]
    assert np.ptp(first) < 12
    assert second[0] > second[1]
    assert pixels(card, INK) > 0


def test_the_cell_is_told_in_words(rocksalt: Crystal):
    assert cell_texts(rocksalt) == (
        "edges 4.093, 4.093, 4.093 A",
        "angles 90.00, 90.00, 90.00°",
    )


def test_elements_have_colours_of_their_own():
    known = {element_colour(number) for number in (1, 6, 7, 8, 9, 16, 17, 23, 26, 29)}
    assert len(known) == 10
    assert element_colour(8)[0] > 200 > element_colour(8)[1]
    assert element_colour(118) == element_colour(117)
