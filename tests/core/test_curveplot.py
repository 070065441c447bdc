"""Curves with bounds are drawn on axes with round ticks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageColor

from xmodkit.curveplot import BAND, CURVE, INK, Line, draw_curves, inner_ticks, round_ticks

BOX = (40, 20, 240, 120)


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4))
def test_ticks_are_few_and_span_what_is_asked_for(low: float, width: float):
    ticks = np.array(round_ticks(low, low + width))
    step = ticks[1] - ticks[0]
    assert 3 <= len(ticks) <= 6
    assert ticks[0] <= low + 1e-6 * width + 1e-9 * step
    assert ticks[-1] >= low + width - 1e-6 * width - 1e-9 * step
    mantissa = step / 10.0 ** np.floor(np.log10(step) + 1e-6)
    assert np.isclose(mantissa, [1, 2, 5]).any()


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4))
def test_two_ticks_at_least_lie_inside_an_axis(low: float, width: float):
    ticks = inner_ticks(low, low + width)
    assert 2 <= len(ticks) <= 9
    assert all(low <= tick <= low + width for tick in ticks)


def test_a_flat_range_has_ticks_too():
    assert round_ticks(2.0, 2.0) == [2.0, 3.0]


def share(card: Image.Image, colour: str) -> float:
    return float((np.asarray(card) == ImageColor.getrgb(colour)).all(axis=2).mean())


def test_curve_band_and_second_line_are_drawn_and_gaps_are_left_out():
    across = np.linspace(0, 10, 50)
    values = np.sin(across)
    card = Image.new("RGB", (260, 160), "white")
    draw_curves(card, BOX, across, [Line(values)], (values - 0.3, values + 0.3), label="x")
    assert share(card, CURVE) > 0.001
    assert share(card, BAND) > 0.01
    values[:] = np.nan
    empty = Image.new("RGB", (260, 160), "white")
    draw_curves(empty, BOX, across, [Line(values, INK)], (values, values))
    assert share(empty, CURVE) == share(empty, BAND) == 0
