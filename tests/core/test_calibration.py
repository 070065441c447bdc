"""Split-conformal bounds cover what they state, and say so where they promise nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.calibration import Calibration, ScalarBounds, StratifiedBounds
from xmodkit.conformal import (
    conformal_quantile,
    field_quantiles,
    novelty_threshold,
    scalar_bounds,
)
from xmodkit.prediction import Derived

rng = np.random.default_rng(5)


@given(st.integers(5, 400), st.floats(0.5, 0.99))
def test_the_quantile_covers_at_least_its_level_of_its_own_scores(n: int, level: float):
    scores = np.random.default_rng(n).normal(size=n)
    assert (scores <= conformal_quantile(scores, level)).mean() >= min(level, 1.0) - 1e-9


def test_too_few_scores_promise_nothing():
    assert conformal_quantile(np.zeros(5), 0.95) == np.inf


def test_field_bounds_cover_fresh_rows_at_every_channel():
    def draw(n):
        scale = rng.uniform(0.5, 2.0, (n, 7))
        return np.zeros((n, 7)), rng.standard_t(4, (n, 7)) * scale, scale

    value, truth, scale = draw(4000)
    below, above = field_quantiles(truth, value, scale, 0.9)
    value, truth, scale = draw(20000)
    inside = (truth >= value - scale * below) & (truth <= value + scale * above)
    assert inside.mean(axis=0) == pytest.approx(0.9, abs=0.02)


def test_scalar_bounds_follow_the_error_from_bin_to_bin():
    value = rng.uniform(1, 3, 6000)
    truth = value + rng.normal(size=6000) * np.where(value < 2, 0.05, 0.4)
    bounds = scalar_bounds(truth, value, 0.9)
    lower, upper = bounds.apply(np.array([1.2, 2.8]))
    assert (upper - lower)[0] < 0.3 < 1.0 < (upper - lower)[1]
    lower, upper = bounds.apply(value)
    assert ((truth >= lower) & (truth <= upper)).mean() == pytest.approx(0.9, abs=0.01)


def test_weak_signals_get_bounds_of_their_own():
    strength = rng.uniform(0, 1, 6000)
    value = rng.uniform(1, 3, 6000)
    truth = value + rng.normal(size=6000) * np.where(strength < 0.25, 0.5, 0.05)
    bounds = scalar_bounds(truth, value, 0.9, strength=strength)
    lower, upper = bounds.apply(np.array([2.0, 2.0]), np.array([0.1, 0.9]))
    assert (upper - lower)[0] > 4 * (upper - lower)[1]
    lower, upper = bounds.apply(value, strength)
    assert ((truth >= lower) & (truth <= upper)).mean() == pytest.approx(0.9, abs=0.015)


def test_few_rows_make_one_bin_with_even_tails():
    value = rng.uniform(1, 3, 40)
    bounds = scalar_bounds(value + rng.normal(size=40), value, 0.9, strength=value)
    assert len(bounds.strata) == 1
    assert bounds.strata[0].edges == ()
    assert np.isfinite([bounds.strata[0].lower, bounds.strata[0].upper]).all()


def test_a_truth_beyond_the_window_is_covered_only_by_an_open_bound():
    value = np.full(1000, 2.8)
    truth = np.where(np.arange(1000) < 300, 3.5, 2.8)
    lower, upper = scalar_bounds(truth, value, 0.9, (1.4, 2.95)).apply(np.array([2.8]))
    assert upper == np.inf
    assert np.isfinite(lower)
    rare = np.where(np.arange(1000) < 10, 3.5, 2.8)
    _, upper = scalar_bounds(rare, value, 0.9, (1.4, 2.95)).apply(np.array([2.8]))
    assert np.isfinite(upper)


def test_no_truth_at_all_counts_as_beyond_the_upper_end():
    value = np.full(1000, 2.0)
    truth = np.where(np.arange(1000) < 300, np.nan, 2.0)
    _, upper = scalar_bounds(truth, value, 0.9, (1.4, 2.95)).apply(np.array([2.0]))
    assert upper == np.inf


def test_samples_without_a_value_have_no_bounds():
    lower, upper = ScalarBounds((), (-0.1,), (0.1,)).apply(np.array([np.nan, 2.0]))
    assert np.isnan([lower[0], upper[0]]).all()
    assert lower[1] == pytest.approx(1.9)


def test_novel_samples_have_no_bounds_and_say_so():
    calibration = Calibration(
        "local", 0.9, 40, 1.0, {"gap": StratifiedBounds((ScalarBounds((), (-1.0,), (1.0,)),))}
    )
    novel = np.array([False, True])
    gap = calibration.bound({"gap": Derived(np.array([2.0, 2.0]))}, novel)["gap"]
    assert np.isfinite(gap.lower[0])
    assert np.isnan(gap.lower[1])
    assert list(calibration.sources(novel, 2)) == ["local", "none"]


def test_the_novelty_threshold_lets_one_percent_by():
    scores = rng.chisquare(5, 5000)
    assert (scores > novelty_threshold(scores)).mean() == pytest.approx(0.01, abs=0.001)


def test_calibration_survives_json_with_open_ends():
    bounds = ScalarBounds((1.0, 2.0), (-np.inf, -0.1, -0.2), (0.1, 0.2, np.inf), (1.4, 2.95))
    strata = StratifiedBounds((bounds, ScalarBounds((), (-0.1,), (0.1,))), (0.5,))
    calibration = Calibration("simulated", 0.9, 100, 1.5, {"gap": strata})
    again = Calibration.from_json(json.loads(json.dumps(calibration.to_json(), allow_nan=False)))
    assert again == calibration
