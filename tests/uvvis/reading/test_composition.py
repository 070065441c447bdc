"""A composition is the same however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.errors import InputError
from xmodkit_uvvis.reading.composition import (
    ELEMENTS,
    composition_text,
    fractions,
    parse_formula,
)

AMOUNTS = st.dictionaries(
    st.sampled_from(sorted(ELEMENTS)), st.integers(1, 1000), min_size=1, max_size=5
)


@given(AMOUNTS)
def test_a_formula_says_what_columns_of_elements_say(amounts: dict[str, int]):
    formula = "".join(f"{element}{amount}" for element, amount in amounts.items())
    assert parse_formula(formula) == pytest.approx(fractions(amounts))
    assert sum(parse_formula(formula).values()) == pytest.approx(1)


@pytest.mark.parametrize("text", ["Bi0.5V0.5", "V.5 Bi.5", "BiV", "Bi50-V50"])
def test_ways_of_writing_one_composition_have_one_text(text: str):
    assert composition_text(parse_formula(text)) == "Bi0.500V0.500"


@pytest.mark.parametrize("text", ["", "bare glass", "Xy2", "Bi0.5,V", "(BiV)O4"])
def test_anything_else_is_refused(text: str):
    with pytest.raises(InputError, match="a formula such as"):
        parse_formula(text)


def test_absent_elements_are_left_out_and_negative_amounts_refused():
    assert fractions({"Fe": 0, "V": 30, "Bi": 10}) == {"V": 0.75, "Bi": 0.25}
    assert fractions({"Fe": 0}) == {}
    for amount in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="amounts from 0"):
            fractions({"Fe": amount, "V": 1})
