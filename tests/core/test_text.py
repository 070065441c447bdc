"""Scalars are written with the bounds they have and no others."""

from __future__ import annotations

from math import inf, nan

import pytest

from xmodkit.text import aligned, scalar_text


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
    ],
)
def test_a_scalar_is_written_as_people_read_it(arguments: tuple, text: str):
    assert scalar_text(*arguments) == text
