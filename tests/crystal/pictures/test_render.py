"""What is nearer hides what is farther; spheres are round, rods straight."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_crystal.pictures.render import Canvas

RED, BLUE = (255, 0, 0), (0, 0, 255)


def drawn(canvas: Canvas) -> np.ndarray:
    return np.asarray(canvas.image()).astype(int)


def inked(picture: np.ndarray) -> np.ndarray:
    return (picture < 250).any(axis=2)


def test_a_sphere_covers_its_disc_where_it_lies():
    """A radius of 2 A at 10 pixels to the A, 3 A to the right and 1 A up."""
    canvas = Canvas(120, 100, 10)
    canvas.sphere(np.array([3.0, 1.0, 0.0]), 2.0, RED)
    y, x = np.nonzero(inked(drawn(canvas)))
    assert len(x) == pytest.approx(np.pi * 20**2, rel=0.04)
    assert (x.mean() + 0.5, y.mean() + 0.5) == pytest.approx((90, 40), abs=0.3)


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_nearer_is_seen_in_whatever_order_it_is_drawn(order: int):
    canvas = Canvas(60, 60, 10)
    spheres = [(np.array([0, 0, 2.0]), 1.0, RED), (np.array([0.5, 0, -2.0]), 2.0, BLUE)]
    for sphere in spheres[::order]:
        canvas.sphere(*sphere)
    picture = drawn(canvas)
    red, _, blue = picture[30, 30]
    assert red > blue
    red, _, blue = picture[30, 48]
    assert blue > red


def test_a_rod_that_pierces_a_sphere_is_seen_on_both_sides_of_it():
    canvas = Canvas(100, 40, 10)
    canvas.sphere(np.zeros(3), 1.0, RED)
    canvas.rod(np.array([-4.0, 0, 0]), np.array([4.0, 0, 0]), 0.3, BLUE)
    row = drawn(canvas)[20]
    assert row[15, 2] > row[15, 0]
    assert row[85, 2] > row[85, 0]
    assert row[50, 0] > row[50, 2]
    assert (row[3] == 255).all()


def test_a_rod_askew_is_as_thick_as_one_that_lies_flat_and_the_same_in_parts():
    start, end = np.array([-3.0, -2.0, -4.0]), np.array([3.0, 2.0, 4.0])
    pictures = []
    for parts in (1, 6):
        canvas = Canvas(100, 80, 10)
        canvas.rod(start, end, 0.5, BLUE, parts)
        pictures.append(inked(drawn(canvas)))
    assert (pictures[0] != pictures[1]).mean() < 0.002
    column = pictures[0][:, 50].sum()
    assert column == pytest.approx(10 / np.cos(np.arctan2(2, 3)), abs=1.5)


def test_a_rod_seen_from_its_end_and_an_empty_canvas_are_white():
    canvas = Canvas(30, 30, 10)
    canvas.rod(np.zeros(3), np.array([0, 0, 1.0]), 0.5, RED)
    assert (drawn(canvas) == 255).all()


def test_what_is_far_away_is_paler_and_what_reaches_over_the_edge_is_cut():
    canvas = Canvas(60, 40, 10)
    canvas.sphere(np.array([-3.0, 0, 0]), 1.0, RED)
    canvas.sphere(np.array([3.0, 0, -5.0]), 1.0, RED)
    picture = drawn(canvas)
    assert picture[20, 3, 1] < picture[20, 57, 1]
