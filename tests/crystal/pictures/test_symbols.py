"""Formulas and space groups are written as they are printed."""

from __future__ import annotations

import numpy as np
from PIL import Image

from xmodkit_crystal.pictures.symbols import by_formula, draw_formula, draw_space_group


def ink(draw, text: str) -> tuple[np.ndarray, float]:
    """Return where there is ink (rows, columns), and where the text ends."""
    card = Image.new("RGB", (200, 60), "#ffffff")
    end = draw(card, (10, 30), text, 20, "#000000")
    return (np.asarray(card) < 128).all(axis=2), end


def test_figures_of_a_formula_stand_lower_and_are_smaller():
    letters, end = ink(draw_formula, "VO")
    whole, farther = ink(draw_formula, "VO2")
    figure = whole[:, round(end) :]
    assert end < farther < end + 12
    assert np.flatnonzero(figure.any(axis=1)).max() > np.flatnonzero(letters.any(axis=1)).max() + 1
    assert np.ptp(np.flatnonzero(figure.any(axis=1))) < np.ptp(np.flatnonzero(letters.any(axis=1)))


def test_a_minus_is_a_bar_above_and_a_screw_axis_stands_lower():
    plain, _ = ink(draw_space_group, "R3c")
    barred, _ = ink(draw_space_group, "R-3c")
    added = barred & ~plain
    assert added.any()
    assert np.flatnonzero(added.any(axis=1)).max() <= np.flatnonzero(plain.any(axis=1)).min()
    low, end = ink(draw_space_group, "P4_2/mnm")
    flat, farther = ink(draw_space_group, "P42/mnm")
    assert end < farther
    assert np.flatnonzero(low.any(axis=1)).max() > np.flatnonzero(flat.any(axis=1)).max()


def test_elements_stand_in_the_order_of_formulas():
    assert by_formula(np.array([8, 38, 8, 22, 8])) == [22, 38, 8]
