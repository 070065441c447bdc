"""Arrays in the details of a model file: through JSON and back, to three digits."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from xmodkit_crystal.compact import compact, expanded

NUMBERS = st.floats(-6e4, 6e4, width=32)


@given(arrays(np.float32, array_shapes(max_dims=3, max_side=6), elements=NUMBERS))
def test_an_array_comes_back_to_three_digits(array: np.ndarray):
    found = expanded(json.loads(json.dumps(compact(array))))
    assert found.shape == array.shape
    np.testing.assert_allclose(found, array, rtol=1e-3, atol=1e-7)


def test_an_empty_array_keeps_its_shape():
    assert expanded(compact(np.zeros((0, 16, 3)))).shape == (0, 16, 3)


def test_nested_lists_are_arrays_too():
    np.testing.assert_array_equal(expanded([[1, 2], [3, 4]]), [[1, 2], [3, 4]])


def test_what_half_precision_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="65504 at most"):
        compact(np.array([1.0, 7e4]))


@pytest.mark.parametrize(
    "told",
    [
        {"shape": [2]},
        {"shape": [3], "float16": "AAA="},
        {"shape": "two", "float16": "AAA="},
        {"shape": [1], "float16": "not base64!"},
    ],
)
def test_what_is_no_array_is_refused(told: dict):
    with pytest.raises(ValueError, match=r"half precision|reshape|base64|integer"):
        expanded(told)
