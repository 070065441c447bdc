"""A field accepts the arrays it describes and says what is wrong with any other."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.errors import DataError
from xmodkit.modality import Axis, Field, Modality

IMAGE = Field("image", (Axis("y"), Axis("x"), Axis("c", 3)), "uint8", valid_range=(0, 255))
CURVE = Field("curve", (Axis("energy", 3, "eV", (1.0, 2.0, 3.0)),), valid_range=(0, 10))

names = st.text("abcdefghij_", min_size=1, max_size=8)
floats = st.floats(-1e6, 1e6, width=32)


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    size = draw(st.none() | st.integers(1, 5))
    coordinates = None
    if size is not None and draw(st.booleans()):
        coordinates = tuple(draw(st.lists(floats, min_size=size, max_size=size)))
    return Axis(draw(names), size, draw(st.sampled_from(["", "eV", "1/nm"])), coordinates)


fields = st.builds(
    Field,
    names,
    st.lists(axes(), max_size=3).map(tuple),
    st.sampled_from(["uint8", "float32", "int64", "string", "bool"]),
    names,
    st.none() | st.tuples(floats, floats),
    floats | st.just(float("nan")),
    names,
    names,
)


@given(fields)
def test_a_field_comes_back_from_json_as_it_went(field: Field):
    written = json.loads(json.dumps(field.to_json(), allow_nan=False))
    again = Field.from_json(written)
    assert again.to_json() == field.to_json()
    assert (again.axes, again.dtype, again.ragged) == (field.axes, field.dtype, field.ragged)
    assert again.fill == field.fill or np.isnan([again.fill, field.fill]).all()


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
def test_a_ragged_field_takes_any_extent_alone_and_in_a_batch(y: int, x: int, n: int):
    assert IMAGE.check(np.zeros((y, x, 3), np.uint8)).shape == (y, x, 3)
    assert len(IMAGE.check(np.zeros((n, y, x, 3), np.uint8), batched=True)) == n


@pytest.mark.parametrize(
    ("field", "array", "said"),
    [
        (IMAGE, np.zeros((4, 4, 3)), "image: float64 given, uint8 expected"),
        (IMAGE, np.zeros((4, 4), np.uint8), r"shape \(4, 4\) given, \(y, x, c=3\) expected"),
        (IMAGE, np.zeros((4, 4, 4), np.uint8), r"shape \(4, 4, 4\) given"),
        (IMAGE, np.zeros((0, 4, 3), np.uint8), r"shape \(0, 4, 3\) given"),
        (IMAGE, np.zeros((1, 4, 4, 3), np.uint8), r"shape \(1, 4, 4, 3\) given"),
        (CURVE, np.array([0, 1, np.nan], np.float32), "NaN or infinite"),
        (CURVE, np.array([0, 1, np.inf], np.float32), "NaN or infinite"),
        (CURVE, np.array([0, 1, 11], np.float32), "0 to 11 given, 0 to 10"),
        (CURVE, np.array([-1, 1, 2], np.float32), "-1 to 2 given, 0 to 10"),
    ],
)
def test_an_array_that_does_not_fit_is_refused_with_what_was_expected(
    field: Field, array: np.ndarray, said: str
):
    with pytest.raises(DataError, match=said):
        field.check(array)


def test_a_range_narrower_than_the_dtype_is_checked_for_integers_too():
    grey = Field("grey", (Axis("x", 2),), "uint8", valid_range=(0, 100))
    grey.check(np.array([0, 100], np.uint8))
    with pytest.raises(DataError, match="0 to 101 given"):
        grey.check(np.array([0, 101], np.uint8))


def test_an_axis_has_one_coordinate_per_point():
    with pytest.raises(DataError, match="2 coordinates given for size 3"):
        Axis("energy", 3, "eV", (1.0, 2.0))


def test_a_modality_names_the_field_that_is_missing():
    both = Modality("both", (IMAGE, CURVE))
    both.check({"image": np.zeros((1, 1, 3), np.uint8), "curve": np.zeros(3, np.float32)})
    with pytest.raises(DataError, match="modality 'both': field 'curve' is missing"):
        both.check({"image": np.zeros((1, 1, 3), np.uint8)})
    with pytest.raises(DataError, match="no field 'photo'; it has image, curve"):
        both.field("photo")
    assert both.field("curve") is CURVE
