"""Rows of any shapes come back in their order, whatever batches they went through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.batching import Batcher
from xmodkit.errors import DataError
from xmodkit.modality import Array, Arrays, Axis, Field
from xmodkit.pair import Route
from xmodkit.prediction import Prediction, Value

IMAGE = Field("image", (Axis("y"), Axis("x")), "uint8", fill=0)
ATOMS = Field("atoms", (Axis("atom", pad=True),), "float32", fill=-1)
ECHO = Field("echo", (Axis("y"), Axis("x")), "uint8")


class Sums:
    """Predicts each image's sum and its image again; notes every batch it was given."""

    route = Route("image", "sum")
    inputs: tuple[Field, ...] = (IMAGE,)
    outputs = (Field("sum"), ECHO)
    device = "cpu"
    identity = "sums"

    def __init__(self) -> None:
        self.batches: list[tuple[int, ...]] = []

    def run(self, arrays: Arrays, **inputs: Array) -> Prediction:
        images = arrays["image"]
        self.batches.append(images.shape)
        sums = images.sum(axis=(1, 2)).astype(np.float32)
        values = {
            "sum": Value(sums, sums - 1, sums + 1),
            "echo": Value(images.copy(), axes=ECHO.axes),
        }
        return Prediction(values, novelty=sums * 2, latent=sums[:, None])


class Atoms:
    """Gives back what it was fed, to show the padding."""

    route = Route("atoms", "fed")
    inputs: tuple[Field, ...] = (ATOMS,)
    outputs = (Field("fed", (Axis("atom", pad=True),)),)
    device = "cpu"
    identity = "atoms"

    def run(self, arrays: Arrays, **inputs: Array) -> Prediction:
        fed = arrays["atoms"]
        extents = (fed != -1).sum(axis=1, keepdims=True).astype(np.int32)
        return Prediction({"fed": Value(fed.copy(), axes=self.outputs[0].axes, shape=extents)})


shapes = st.tuples(st.integers(1, 4), st.integers(1, 3))


@given(st.lists(shapes, min_size=1, max_size=30), st.integers(1, 5))
def test_order_is_kept_over_shapes_and_batches_are_of_one_shape(
    sizes: list[tuple[int, int]], batch_size: int
):
    predictor = Sums()
    rows = [{"image": np.full(size, i, np.uint8)} for i, size in enumerate(sizes)]
    found = Batcher(predictor, batch_size).run(rows)
    expected = [i * y * x for i, (y, x) in enumerate(sizes)]
    np.testing.assert_array_equal(found.value, expected)
    np.testing.assert_array_equal(found.lower, np.array(expected) - 1)
    np.testing.assert_array_equal(found.novelty, np.array(expected) * 2)
    np.testing.assert_array_equal(found.latent[:, 0], expected)
    assert all(n <= batch_size for n, *_ in predictor.batches)
    assert sum(n for n, *_ in predictor.batches) == len(sizes)
    needed = sum(-(-sizes.count(size) // batch_size) for size in set(sizes))
    assert len(predictor.batches) == needed


@given(st.lists(shapes, min_size=1, max_size=20))
def test_ragged_values_of_several_batches_remember_their_true_extents(
    sizes: list[tuple[int, int]],
):
    rows = [{"image": np.full(size, 7, np.uint8)} for size in sizes]
    echo = Batcher(Sums()).run(rows).fields["echo"]
    for i, (y, x) in enumerate(sizes):
        extents = echo.value.shape[1:] if echo.shape is None else tuple(echo.shape[i])
        assert extents == (y, x)
        np.testing.assert_array_equal(echo.value[i, :y, :x], 7)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.integers(1, 4))
def test_padded_axes_share_a_batch_and_are_filled(lengths: list[int], batch_size: int):
    rows = [{"atoms": np.arange(1, n + 1, dtype=np.float32)} for n in lengths]
    fed = Batcher(Atoms(), batch_size).run(rows).fields["fed"]
    for i, n in enumerate(lengths):
        assert fed.shape[i, 0] == n
        np.testing.assert_array_equal(fed.value[i, :n], np.arange(1, n + 1))
        rest = fed.value[i, n:]
        assert ((rest == -1) | np.isnan(rest)).all()


def test_a_reused_buffer_does_not_leak_the_batch_before():
    batcher = Batcher(Atoms(), 2)
    batcher.run([{"atoms": np.full(3, 9, np.float32)}, {"atoms": np.full(3, 9, np.float32)}])
    rows = [{"atoms": np.ones(1, np.float32)}, {"atoms": np.ones(3, np.float32)}]
    np.testing.assert_array_equal(batcher.run(rows).value, [[1, -1, -1], [1, 1, 1]])


def test_more_shapes_than_buffers_are_kept_change_nothing():
    rows = [{"image": np.ones((1 + i, 1), np.uint8)} for i in range(40)]
    np.testing.assert_array_equal(Batcher(Sums()).run(rows + rows).value, [*range(1, 41)] * 2)


def test_a_row_of_another_dtype_is_refused_and_not_cast():
    with pytest.raises(DataError, match="image: float32 given, uint8 expected"):
        Batcher(Sums()).run([{"image": np.full((2, 2), 0.5, np.float32)}])


class Doubles:
    """Predicts twice a scalar."""

    route = Route("size", "double")
    inputs: tuple[Field, ...] = (Field("size"),)
    outputs = (Field("double"),)
    device = "cpu"
    identity = "doubles"

    def run(self, arrays: Arrays, **inputs: Array) -> Prediction:
        return Prediction({"double": Value(2 * arrays["size"])})


def test_fields_without_axes_are_batched_too():
    rows = [{"size": np.array(size, np.float32)} for size in (1.0, 2.0, 4.0)]
    np.testing.assert_array_equal(Batcher(Doubles(), 2).run(rows).value, [2, 4, 8])
