"""Latents are bars up and down from zero, probabilities marks on a scale with their bounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from xmodkit.curveplot import ACCENT, BAND, CURVE
from xmodkit.prediction import Value
from xmodkit_crystal.latent import slots_of
from xmodkit_crystal.pictures.scales import draw_latent, draw_probability

BOX = (40, 20, 140, 80)


def strip(latent: np.ndarray, width: int = 160) -> Image.Image:
    card = Image.new("RGB", (width, 110), "#ffffff")
    draw_latent(card, BOX, latent)
    return card


def test_positive_numbers_stand_up_in_blue_and_negative_ones_hang_in_vermilion(pixels: Callable):
    card = strip(np.array([1.0, 1, 1, 1, -1, -1, -0.5, -1]))
    up, down = (40, 20, 90, 51), (90, 50, 140, 81)
    assert pixels(card, CURVE) == pixels(card, CURVE, up) > 1000
    assert pixels(card, ACCENT) == pixels(card, ACCENT, down) > 900


def test_elements_that_end_a_latent_are_named_and_not_drawn_as_bars(pixels: Callable):
    z = np.array([0.5, -0.5, 0.25])
    bare, named = strip(z), strip(np.concatenate([z, slots_of((8, 23))]))
    assert pixels(named, CURVE, BOX) == pixels(bare, CURVE, BOX)
    below = (40, 84, 160, 110)
    assert np.asarray(named.crop(below)).min() < 200 < np.asarray(bare.crop(below)).min()


def test_zeros_that_end_a_latent_are_counted_and_take_no_room(pixels: Callable):
    """Slots that are not used come last: bars fill the strip, and the line above says the rest."""
    z = np.array([1.0, -1, 0, 1])
    alone, padded = strip(z, 400), strip(np.concatenate([z, np.zeros(400)]), 400)
    above = (40, 0, 400, 19)
    assert (np.asarray(alone.crop(BOX)) == np.asarray(padded.crop(BOX))).all()
    assert np.asarray(padded.crop(above)).sum() < np.asarray(alone.crop(above)).sum()


def test_many_components_and_zeros_are_drawn_too(pixels: Callable):
    assert pixels(strip(np.zeros(8)), CURVE, BOX) == 0
    card = strip(np.sin(np.arange(500)))
    assert np.asarray(card.crop(BOX)).std() > 10


def scale(value: Value) -> Image.Image:
    card = Image.new("RGB", (140, 60), "#ffffff")
    draw_probability(card, (20, 15, 120), "stability", value)
    return card


def test_a_probability_is_marked_within_its_bounds(pixels: Callable):
    card = scale(Value(np.float32(0.75), np.float32(0.5), np.float32(0.9)))
    columns = np.flatnonzero((np.asarray(card) == (0, 114, 178)).all(axis=2).any(axis=0))
    assert columns.mean() == 20 + 75
    band = np.flatnonzero((np.asarray(card) == (188, 218, 236)).all(axis=2).any(axis=0))
    assert (band.min(), band.max()) == pytest.approx((20 + 50, 20 + 90), abs=1)


def test_a_probability_without_bounds_or_none_at_all_is_drawn_too(pixels: Callable):
    assert pixels(scale(Value(np.float32(0.2))), BAND) == 0
    nan = np.float32(np.nan)
    assert pixels(scale(Value(np.float32(0.2), nan, nan)), BAND) == 0
    assert pixels(scale(Value(nan)), CURVE) == 0
