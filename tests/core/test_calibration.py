"""Split-conformal bounds cover what they state, and say so where they promise nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.calibration import Calibration, ScalarBounds, StratifiedBounds, widened
from xmodkit.conformal import (
    average_factor,
    conformal_quantile,
    coverage_interval,
    curve_factor,
    fewest_rows,
    field_quantiles,
    novelty_threshold,
    scalar_bounds,
    unit_quantile,
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


@given(st.integers(1, 200), st.integers(50, 99))
def test_units_of_one_score_have_the_ordinary_quantile(n: int, percent: int):
    scores = np.random.default_rng(n).normal(size=n)
    ordinary = conformal_quantile(scores, percent / 100)
    assert unit_quantile(scores, percent / 100, np.arange(n)) == ordinary


def test_a_unit_weighs_the_same_however_many_rows_it_has():
    """One unit of 900 great scores among 19 of one small score does not move the median."""
    scores = np.concatenate([np.full(900, 50.0), np.arange(19.0)])
    units = np.concatenate([np.zeros(900), np.arange(1, 20)])
    assert unit_quantile(scores, 0.5, units) == 10
    assert unit_quantile(scores, 0.99, units) == np.inf
    assert unit_quantile(scores[:0], 0.5, units[:0]) == np.inf


def test_the_next_unit_is_covered_whatever_units_share():
    """Rows of a unit share most of their error; 12 units calibrate bounds for a thirteenth."""
    shares = []
    for seed in range(600):
        draws = np.random.default_rng(seed)
        errors = np.abs(draws.normal(size=(13, 1)) + 0.3 * draws.normal(size=(13, 6)))
        bound = unit_quantile(errors[:12].ravel(), 0.9, np.repeat(np.arange(12), 6))
        shares.append((errors[12] <= bound).mean())
    assert 0.88 <= np.mean(shares) <= 0.97


def test_a_quantile_needs_as_many_rows_as_it_says():
    for coverage in (0.5, 0.8, 0.9, 0.95, 0.99):
        fewest = fewest_rows(coverage)
        assert np.isfinite(conformal_quantile(np.zeros(fewest), coverage))
        assert np.isinf(conformal_quantile(np.zeros(fewest - 1), coverage))
    assert fewest_rows(0.9) == 9


@pytest.mark.parametrize(("rows", "sd"), [(20, 0.063), (50, 0.041), (100, 0.030)])
def test_the_interval_of_the_coverage_narrows_with_the_rows(rows: int, sd: float):
    low, high = coverage_interval(rows, 0.9)
    assert low < 0.9 < high
    assert (high - low) / 4 == pytest.approx(sd, rel=0.1)


def test_no_rows_promise_everything():
    assert coverage_interval(5, 0.9) == (1.0, 1.0)


def curves(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return truths of correlated channels with bounds that cover 90 % of each, off centre."""
    shared = rng.normal(size=(n, 1))
    truth = 5 + (shared + rng.normal(size=(n, 12))) / np.sqrt(2)
    return truth, np.full((n, 12), 5 - 1.645), np.full((n, 12), 5 + 1.645)


def test_widened_by_their_factor_bounds_hold_whole_curves():
    factor = curve_factor(*curves(2000), 0.9)
    truth, lower, upper = curves(5000)
    assert ((truth >= lower) & (truth <= upper)).all(axis=1).mean() < 0.6
    lower, upper = widened(lower, upper, factor)
    assert ((truth >= lower) & (truth <= upper)).all(axis=1).mean() == pytest.approx(0.9, abs=0.02)


def test_bounds_that_hold_whole_curves_already_are_not_narrowed():
    truth, lower, upper = curves(500)
    assert curve_factor(truth, lower - 100, upper + 100, 0.9) == 1
    assert curve_factor(truth, np.full_like(lower, -np.inf), np.full_like(upper, np.inf), 0.9) == 1


def test_rows_without_bounds_do_not_count_for_whole_curves():
    truth, lower, upper = curves(300)
    novel = np.arange(300) < 100
    truth[novel] = 1e6
    lower[novel] = upper[novel] = np.nan
    assert curve_factor(truth, lower, upper, 0.9) < 3
    assert curve_factor(truth, lower * np.nan, upper, 0.9) == np.inf


def test_widening_leaves_nan_and_infinite_bounds_as_they_are():
    lower = np.array([0.0, np.nan, -np.inf, -np.inf, 3.0], np.float32)
    upper = np.array([2.0, np.nan, np.inf, 1.0, 3.0], np.float32)
    for factor in (1.0, 2.0):
        low, high = widened(lower, upper, factor)
        assert low.dtype == high.dtype == np.float32
        np.testing.assert_allclose(low[[0, 4]], [1 - factor, 3])
        assert np.isnan([low[1], high[1]]).all()
        assert (low[2], high[2], low[3]) == (-np.inf, np.inf, -np.inf)


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


def test_where_nearly_all_truths_are_at_the_windows_end_the_other_bound_has_a_number():
    truth, value = np.zeros(200), np.zeros(200)
    truth[:4], value[:20] = 5.0, 2.0
    bounds = scalar_bounds(truth, value, 0.9, (0.0, 1000.0))
    again = StratifiedBounds.from_json(bounds.to_json())
    lower, upper = again.apply(value)
    assert np.isneginf(lower).all()
    assert (upper < 3.0).all()
    assert (truth <= upper).mean() > 0.95


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


def test_declined_samples_have_no_bounds_and_say_so():
    """Infinite bounds are bounds; that all are NaN says that there are none."""
    calibration = Calibration("local", 0.9, 40, 1.0)
    lower = np.array([[np.nan, -np.inf], [np.nan, np.nan], [0.0, 1.0]])
    found = calibration.sources(np.array([False, False, True]), 3, [lower, None])
    assert list(found) == ["local", "none", "none"]
    either = calibration.sources(None, 3, [lower, lower[::-1, :1]])
    assert list(either) == ["local", "none", "local"]


def test_the_novelty_threshold_lets_one_percent_by():
    scores = rng.chisquare(5, 5000)
    assert (scores > novelty_threshold(scores)).mean() == pytest.approx(0.01, abs=0.001)


def test_calibration_survives_json_with_open_ends():
    bounds = ScalarBounds((1.0, 2.0), (-np.inf, -0.1, -0.2), (0.1, 0.2, np.inf), (1.4, 2.95))
    strata = StratifiedBounds((bounds, ScalarBounds((), (-0.1,), (0.1,))), (0.5,))
    calibration = Calibration("simulated", 0.9, 100, 1.5, {"gap": strata})
    again = Calibration.from_json(json.loads(json.dumps(calibration.to_json(), allow_nan=False)))
    assert again == calibration


def test_what_an_older_file_lacks_is_empty_and_what_a_newer_one_has_survives():
    old = Calibration("local", 0.9, 30, 1.0)
    assert not {"curve", "origin"} & set(old.to_json())
    new = Calibration(
        "local", 0.9, 30, 1.0, curve={"a": 1.4, "b": np.inf}, origin={"date": "2026-01-01"}
    )
    text = json.dumps(new.to_json(), allow_nan=False)
    assert Calibration.from_json(json.loads(text)) == new
    assert Calibration.from_json(old.to_json()) == old


@pytest.mark.parametrize("shared", [0.0, 1.0])
def test_averages_are_covered_whether_their_rows_err_together_or_apart(shared: float):
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(800), 4)
    together = rng.normal(size=(800, 20))[groups]
    error = np.sqrt(shared) * together + np.sqrt(1 - shared) * rng.normal(size=together.shape)
    value = rng.normal(size=error.shape)
    truth, lower, upper = value + error, value - 1.645, value + 1.645
    first = groups < 400
    factor = average_factor(
        truth[first], value[first], lower[first], upper[first], groups[first], 0.9
    )
    assert factor == pytest.approx(1.0 if shared else 0.5, abs=0.03)
    mean = np.array([error[groups == g].mean(axis=0) for g in range(400, 800)])
    assert (np.abs(mean) <= factor * 1.645).mean() == pytest.approx(0.9, abs=0.015)


def test_rows_alone_and_few_groups_change_no_width():
    one = np.zeros((30, 2))
    alone = average_factor(one + 9, one, one - 1, one + 1, np.arange(30), 0.9)
    few = average_factor(one + 9, one, one - 1, one + 1, np.arange(30) // 4, 0.9)
    assert (alone, few) == (1.0, 1.0)


def test_a_sides_own_half_width_bounds_the_averages_error():
    groups = np.repeat(np.arange(20), 2)
    value = np.zeros((40, 3))
    above = average_factor(value + 2, value, value - 1, value + 4, groups, 0.9)
    below = average_factor(value - 2, value, value - 1, value + 4, groups, 0.9)
    assert (above, below) == (0.5, 2.0)


def test_factors_of_averages_survive_json():
    calibration = Calibration("local", 0.9, 50, 1.0, average={"xes": 0.8})
    assert Calibration.from_json(json.loads(json.dumps(calibration.to_json()))) == calibration
    assert "average" not in Calibration("local", 0.9, 50, 1.0).to_json()
