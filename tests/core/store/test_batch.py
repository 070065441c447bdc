"""What callers give is checked before anything is written."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.errors import DataError
from xmodkit.modality import Axis, Field
from xmodkit.store.batch import Batch
from xmodkit.store.columns import Schema

SCHEMA = Schema.of(
    [
        Field("id", dtype="string"),
        Field("curve", (Axis("energy", 3),)),
        Field("grid", (Axis("y"), Axis("x")), "int16", fill=-1),
    ]
)


def given(**changes):
    rows = {
        "id": ["a", "b"],
        "curve": np.ones((2, 3), np.float32),
        "grid": [np.ones((1, 2), np.int16), np.ones((3, 1), np.int16)],
    }
    return rows | changes


def test_ragged_rows_are_padded_with_the_fill():
    batch = Batch.of(SCHEMA, given())
    assert batch.rows == 2
    assert batch.extents == {"grid": (3, 2)}
    np.testing.assert_array_equal(batch.arrays["grid_shape"], [[1, 2], [3, 1]])
    np.testing.assert_array_equal(batch.arrays["grid"][0], [[1, 1], [-1, -1], [-1, -1]])


def test_rows_padded_by_the_caller_come_with_their_extents():
    padded = np.full((2, 4, 4), 7, np.int16)
    batch = Batch.of(SCHEMA, given(grid=padded, grid_shape=[[1, 2], [3, 1]]))
    np.testing.assert_array_equal(batch.arrays["grid"][0], [[7, 7], [-1, -1], [-1, -1]])
    whole = Batch.of(SCHEMA, given(grid=padded))
    np.testing.assert_array_equal(whole.arrays["grid_shape"], [[4, 4], [4, 4]])


def test_no_rows_are_an_empty_batch():
    assert Batch.of(SCHEMA, {}).rows == 0


def test_plain_lists_take_the_dtype_of_the_field():
    batch = Batch.of(SCHEMA, given(curve=[[1, 2, 3], [4.5, 5, 6]]))
    assert batch.arrays["curve"].dtype == np.float32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"extra": [1, 2]}, "unknown in the rows given: extra"),
        ({"curve": np.ones((2, 3))}, "curve: float64 given, float32 expected"),
        ({"curve": [np.ones(3), np.ones(3)]}, "curve: float64 given, float32 expected"),
        ({"curve": np.ones((2, 4), np.float32)}, r"curve: shape \(2, 4\) given"),
        ({"curve": np.ones((3, 3), np.float32)}, "rows of different number"),
        ({"curve": [[1, 2, 3], [1]]}, "curve: .* float32 expected"),
        ({"curve": ["a", "b"]}, "curve: .* float32 expected"),
        ({"curve": np.array([object()] * 2)}, "curve: object given"),
        ({"id": [1, 2]}, "id: values that are not text"),
        ({"id": [b"a", b"b"]}, "id: values that are not text"),
        ({"grid": [np.ones((1, 2), np.int16), np.ones(3, np.int16)]}, "grid: shape"),
        ({"grid": [np.ones((1, 2)), np.ones((1, 2))]}, "grid: float64 given, int16 expected"),
        ({"grid": [[[1.5]], [[1]]]}, "grid: float64 given, int16 expected"),
        ({"grid_shape": [[1, 9], [3, 1]]}, "grid_shape: extents"),
        ({"grid_shape": [[1, 2]]}, "grid_shape: extents"),
    ],
)
def test_rows_that_do_not_fit_are_refused_by_name(changes, message):
    with pytest.raises(DataError, match=message):
        Batch.of(SCHEMA, given(**changes))


def test_a_missing_field_is_refused_by_name():
    rows = given()
    del rows["curve"]
    with pytest.raises(DataError, match="missing in the rows given: curve"):
        Batch.of(SCHEMA, rows)


def test_integers_that_overflow_are_refused():
    schema = Schema.of([Field("level", dtype="uint8")])
    with pytest.raises(DataError, match=r"level: .* uint8 expected"):
        Batch.of(schema, {"level": [1, 300]})
