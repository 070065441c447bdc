"""The arc between two latents starts at the first, ends at the second, and never shrinks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xmodkit.errors import DataError
from xmodkit_crystal.interpolate import slerp

SHARES = np.linspace(0, 1, 9)
NUMBERS = st.floats(-5, 5, allow_subnormal=False).map(lambda x: round(x, 6))
PAIRS = st.integers(2, 7).flatmap(
    lambda k: st.tuples(*[arrays(float, k, elements=NUMBERS) for _ in range(2)])
)


@given(PAIRS)
def test_it_begins_at_the_first_and_ends_at_the_second(ends: tuple[np.ndarray, np.ndarray]):
    """The weights of the published formula as printed are the other way round."""
    path = slerp(*ends, SHARES)
    np.testing.assert_allclose(path[0], ends[0], atol=1e-6)
    np.testing.assert_allclose(path[-1], ends[1], atol=1e-6)


@given(PAIRS)
def test_the_way_back_is_the_same_way(ends: tuple[np.ndarray, np.ndarray]):
    forth, back = slerp(*ends, SHARES), slerp(*ends[::-1], SHARES)
    np.testing.assert_allclose(forth, back[::-1], atol=1e-5)


@given(PAIRS)
def test_lengths_grow_evenly(ends: tuple[np.ndarray, np.ndarray]):
    """No point lies nearer to the middle than both ends, however they point."""
    first, last = map(float, map(np.linalg.norm, ends))
    if min(first, last) == 0:
        return  # no direction to turn
    lengths = np.linalg.norm(slerp(*ends, SHARES), axis=1)
    np.testing.assert_allclose(lengths, (1 - SHARES) * first + SHARES * last, rtol=1e-5)


@given(PAIRS)
def test_directions_turn_at_an_even_rate(ends: tuple[np.ndarray, np.ndarray]):
    if min(map(np.linalg.norm, ends)) < 0.1:
        return
    path = slerp(*ends, SHARES)
    units = path / np.linalg.norm(path, axis=1, keepdims=True)
    steps = np.linalg.norm(np.diff(units, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps.mean(), atol=1e-5)


def test_of_equal_lengths_it_is_the_published_formula_with_its_weights_in_order():
    random = np.random.default_rng(1)
    start, end = random.normal(size=(2, 500))
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    angle = np.arccos(start @ end)
    for share in SHARES:
        expected = (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(
            angle
        )
        np.testing.assert_allclose(slerp(start, end, np.array([share]))[0], expected, atol=1e-12)


def test_parallel_ends_are_joined_straight():
    start = np.array([1.0, 2.0, -1.0])
    path = slerp(start, 3 * start, np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(path, [start, 2 * start, 3 * start])


def test_opposite_ends_are_joined_around_the_middle():
    start = np.array([2.0, 0.0, 0.0])
    (halfway,) = slerp(start, -start, np.array([0.5]))
    assert np.linalg.norm(halfway) == pytest.approx(2)
    assert halfway @ start == pytest.approx(0)


def test_an_end_at_zero_is_joined_straight():
    path = slerp(np.zeros(2), np.array([0.0, 4.0]), np.array([0.25]))
    np.testing.assert_allclose(path, [[0, 1]])


def test_what_cannot_be_joined_is_refused():
    with pytest.raises(DataError, match="latents of 2 and 3"):
        slerp(np.ones(2), np.ones(3), SHARES)
    with pytest.raises(DataError, match="no arc"):
        slerp(np.ones(1), -np.ones(1), SHARES)
