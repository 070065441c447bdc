"""Scalars are written with the bounds they have and no others."""

from __future__ import annotations

from math import inf, nan

import pytest

from xmodkit.text import aligned, number_text, scalar_text


def test_columns_begin_below_each_other():
    assert aligned([("a", "b"), ("long", "c")]) == ["a     b", "long  c"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((2.314, 2.096, 2.52, "value"), "2.31 (2.10-2.52)"),
        ((2.43, -inf, 2.79, "value"), "2.43 (up to 2.79)"),
        ((2.43, 2.1, inf, "value"), "2.43 (from 2.10)"),
        ((2.43, -inf, inf, "value"), "2.43 (open)"),
        ((2.95, 2.7, inf, "above"), "> 2.95 (from 2.70)"),
        ((1.4, -inf, 1.62, "below"), "< 1.40 (up to 1.62)"),
        ((nan, nan, nan, "none"), "none"),
        ((nan, None, None, None), "none"),
        ((2.2, nan, nan, "value"), "2.20"),
        ((2.2, None, None, None), "2.20"),
        ((2.2, 2.0, 2.4, "value", "eV"), "2.20 eV (2.00-2.40)"),
        ((-0.36, -0.71, -0.01, "value", "eV"), "-0.36 eV (-0.71 to -0.01)"),
        ((0.00342, 0.0012, 0.0051, "value"), "0.0034 (0.0012-0.0051)"),
        ((0.0573, nan, nan, "value"), "0.057"),
        ((0.0, 0.0, 0.0, "value"), "0.00 (0.00-0.00)"),
    ],
)
def test_a_scalar_is_written_as_people_read_it(arguments: tuple, text: str):
    assert scalar_text(*arguments) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9312, "0.931"),
        (-0.00123, "-0.0012"),
        (0.0, "0.000"),
        (3e-7, "3e-07"),
        (-9093.2, "-9,093"),
    ],
)
def test_a_score_keeps_its_digits_whatever_its_size(value: float, text: str):
    assert number_text(value) == text
