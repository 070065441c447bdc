"""Rows that average to one measurement are averaged over those that were measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.train.averages import average_scores, averages

Dropped = st.lists(st.booleans(), min_size=24, max_size=24)


@given(st.integers(0, 99), Dropped)
def test_rows_without_a_truth_are_as_if_they_were_not_there(seed: int, dropped: list[bool]):
    rng = np.random.default_rng(seed)
    groups, gone = rng.integers(0, 6, 24), np.array(dropped)
    truth = rng.normal(size=(24, 3))
    value = truth + rng.normal(size=(24, 3))
    arrays = [truth, value, value - 1, value + 1]
    missing = [np.where(gone[:, None], np.nan, truth), *arrays[1:]]
    found = averages(*missing, groups, 0.7)
    left = averages(*(array[~gone] for array in arrays), groups[~gone], 0.7)
    for name in ("truth", "value", "lower", "upper"):
        np.testing.assert_allclose(getattr(found, name), getattr(left, name))


def test_a_channel_measured_but_once_is_not_averaged_and_not_scored():
    truth = np.array([[1.0, 1], [3, np.nan], [5, 5], [7, 7]])
    found = averages(truth, truth + 1, truth * 0, truth * 0 + 9, np.array([0, 0, 1, 1]), 1.0)
    np.testing.assert_array_equal(found.truth, [[2, np.nan], [6, 6]])
    scores = average_scores(found)
    assert scores["mae"] == pytest.approx(1)
    assert scores["with_bounds"] == 2
    assert scores["coverage"] == 1
