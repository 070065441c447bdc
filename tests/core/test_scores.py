"""Scores say what their names say, and hold on the edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from xmodkit.scores import (
    bound_scores,
    error_curves,
    error_scores,
    field_scores,
    finite,
    pearson_per_channel,
    r2_pooled,
    scalar_errors,
    scalar_scores,
)


@pytest.fixture
def pairs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(300, 5)).astype(np.float32)
    return truth, truth + rng.normal(0, 0.5, truth.shape).astype(np.float32)


def test_pearson_agrees_with_scipy(pairs):
    truth, value = pairs
    expected = [stats.pearsonr(truth[:, i], value[:, i]).statistic for i in range(5)]
    np.testing.assert_allclose(pearson_per_channel(truth, value), expected, rtol=1e-6)


def test_a_constant_prediction_has_no_correlation_whatever_its_rounding():
    truth = np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32)
    constant = np.broadcast_to(np.float32([0.1, 0.3]), truth.shape)
    assert np.isnan(pearson_per_channel(truth, constant)).all()
    assert np.isnan(error_scores(truth, constant)["pearson_mean"])


def test_many_channels_are_scored_as_few_are(pairs):
    truth, value = (np.tile(array, 300) for array in pairs)
    few = error_curves(*pairs)
    for kind, curve in error_curves(truth, value).items():
        np.testing.assert_allclose(curve, np.tile(few[kind], 300), rtol=1e-4)


def test_bounds_of_novel_samples_do_not_count(pairs):
    truth, _ = pairs
    lower, upper = truth - 1, truth + 1
    lower[:100], upper[:100] = np.nan, np.nan
    scores = bound_scores(truth, lower, upper, np.arange(300.0), truth, 0.9)
    assert scores["with_bounds"] == 200
    assert scores["coverage"] == scores["coverage_whole_curve"] == 1.0
    assert scores["coverage_by_novelty_third"][0] is None
    nothing = np.full_like(truth, np.nan)
    assert bound_scores(truth, nothing, nothing, np.arange(300.0), truth, 0.9)["with_bounds"] == 0


def test_a_bound_without_an_end_does_not_make_the_others_wide(pairs):
    truth, _ = pairs
    lower, upper = truth - 1, truth + 1
    upper[:, 0] = np.inf
    scores = bound_scores(truth, lower, upper, np.arange(300.0), truth, 0.9)
    assert scores["unbounded"] == pytest.approx(1 / truth.shape[1])
    assert scores["width"] == pytest.approx(2.0)
    assert scores["coverage"] == 1.0


def test_scalar_errors_are_censored_and_count_what_is_missing():
    truth = np.array([1.0, 2.0, np.nan, 3.5])
    value = np.array([1.5, np.nan, 2.0, 3.0])
    scores = scalar_errors(truth, value, (1.4, 2.95))
    assert scores["mae"] == pytest.approx(0.05)
    assert (scores["only_truth_has_one"], scores["only_prediction_has_one"]) == (1, 1)
    assert "mae" not in scalar_errors(truth[1:2], value[1:2], (1.4, 2.95))


def test_scalars_without_bounds_are_scored_without_a_warning():
    truth, nothing = np.array([2.0, 2.2]), np.full(2, np.nan)
    scores = scalar_scores(truth, truth, nothing, nothing, truth, truth, (1.4, 2.95), 0.9)
    assert scores["coverage"] is None
    assert scores["mae"] == 0.0


def test_what_json_cannot_hold_becomes_none():
    assert finite({"a": float("nan"), "b": [float("inf"), 1.0]}) == {"a": None, "b": [None, 1.0]}


def test_truths_without_spread_or_without_any_scalar_are_scored_without_a_width():
    same = np.full((30, 2), 0.5, np.float32)
    scores = bound_scores(same, same - 1, same + 1, np.arange(30.0), same, 0.9)
    assert (scores["coverage"], scores["relative_width"]) == (1.0, None)
    none, found = np.full(30, np.nan), np.full(30, 2.0)
    scores = scalar_scores(
        none, found, found - 1, found + 1, np.arange(30.0), none, (1.3, 3.0), 0.9
    )
    assert (scores["width"] > 0, scores["relative_width"]) == (True, None)


def test_pooled_r2_weighs_channels_by_their_variance(pairs):
    truth, value = pairs
    truth, value = truth * [1, 2, 3, 4, 5], value * [1, 1, 3, 4, 5]
    error = ((truth - value) ** 2).sum()
    total = ((truth - truth.mean(axis=0)) ** 2).sum()
    assert r2_pooled(truth, value) == pytest.approx(1 - error / total)
    assert error_scores(truth, value)["r2_pooled"] == r2_pooled(truth, value)


def test_pooled_r2_of_many_channels_is_that_of_all_at_once():
    truth, value = np.random.default_rng(0).normal(size=(2, 20, 1300))
    error = ((truth - value) ** 2).sum()
    total = ((truth - truth.mean(axis=0)) ** 2).sum()
    assert r2_pooled(truth, value) == pytest.approx(1 - error / total)
    assert np.isnan(r2_pooled(np.ones((5, 2)), np.zeros((5, 2))))


def test_samples_that_a_model_declines_count_for_no_error_and_are_told_of(pairs):
    """A field that is NaN throughout; a NaN among other values still makes a score NaN."""
    truth, value = pairs
    declined = value.copy()
    declined[:7] = np.nan
    assert error_scores(truth, declined) == error_scores(truth[7:], value[7:])
    bounds = np.full_like(truth, np.nan), np.full_like(truth, np.nan)
    scores = field_scores(truth, declined, *bounds, np.arange(len(truth)), truth, 0.9)
    assert (scores["samples"], scores["declined"]) == (len(truth), 7)
    declined[:7, 0] = 0
    assert np.isnan(error_scores(truth, declined)["mae"])
