"""The search keeps units in one fold and finds what predicts best."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xmodkit_xes.study.search import best, draws, folds


@given(st.lists(st.integers(0, 30), min_size=60, max_size=120), st.integers(0, 99))
def test_a_unit_is_in_one_fold_and_folds_are_of_like_size(units: list[int], seed: int):
    names = [str(unit) for unit in units]
    fold = folds(names, seed)
    assert all(
        len({f for f, n in zip(fold, names, strict=True) if n == name}) == 1 for name in names
    )
    sizes = np.bincount(fold, minlength=5)
    assert sizes.max() - sizes.min() <= max(np.unique(names, return_counts=True)[1])


def test_draws_differ_until_the_space_is_used_up():
    space = {"a": (1, 2), "b": (True, False)}
    assert len({tuple(point.items()) for point in draws(space, 4, 0)}) == 4
    assert len(draws(space, 9, 0)) == 4


def test_the_best_point_is_the_one_that_holds_on_rows_left_out():
    random = np.random.default_rng(0)
    x = random.normal(size=(100, 1))
    y = 2 * x + random.normal(0, 0.1, x.shape)

    def trial(x, y, point):
        weights = np.polyfit(x[:, 0], y[:, 0], point["degree"])
        return {
            "line": lambda rows: np.polyval(weights, rows),
            "mean": lambda rows: point["degree"],
        }

    units = [str(i) for i in range(100)]
    points = [{"degree": degree} for degree in (0, 1, 12)]
    found = best(trial, x, y, units, points, 0)
    assert found == {"line": {"degree": 1}, "mean": {"degree": 0}}  # each has its own
