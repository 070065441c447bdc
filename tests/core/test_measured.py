"""A NaN in a truth was not measured: it is as if the row were not there, channel by channel."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit import measured, rescale
from xmodkit.calibration import Calibration
from xmodkit.conformal import (
    average_factor,
    conformal_quantile,
    curve_factor,
    field_quantiles,
    unit_quantile,
)
from xmodkit.scores import bound_scores, error_curves, error_scores, field_scores

COVERAGE = 0.8
Dropped = st.lists(st.booleans(), min_size=60, max_size=60)


def drawn(seed: int, n: int = 60, channels: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    value = rng.normal(size=(n, channels))
    scale = rng.uniform(0.5, 2, (n, channels))
    return {
        "truth": value + scale * rng.normal(size=(n, channels)),
        "value": value,
        "scale": scale,
        "lower": value - 2 * scale,
        "upper": value + 2 * scale,
        "novelty": rng.uniform(size=n),
        "units": rng.integers(0, 20, n),
    }


def without(data: dict[str, np.ndarray], dropped: list[bool]) -> tuple[dict, dict]:
    """Return data whose dropped rows have no truth, and data without these rows."""
    rows = np.array(dropped)
    missing = np.where(rows[:, None], np.nan, data["truth"])
    return {**data, "truth": missing}, {name: array[~rows] for name, array in data.items()}


@given(st.integers(0, 999), Dropped)
@settings(max_examples=50, deadline=None)
def test_bounds_of_rows_without_a_truth_are_those_of_the_others(seed: int, dropped: list[bool]):
    missing, left = without(drawn(seed), dropped)
    for one, other in zip(
        field_quantiles(*(missing[n] for n in ("truth", "value", "scale")), COVERAGE),
        field_quantiles(*(left[n] for n in ("truth", "value", "scale")), COVERAGE),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    factors = [
        (
            curve_factor(d["truth"], d["lower"], d["upper"], COVERAGE),
            curve_factor(d["truth"], d["lower"], d["upper"], COVERAGE, d["units"]),
            average_factor(d["truth"], d["value"], d["lower"], d["upper"], d["units"], COVERAGE),
            unit_quantile(d["truth"] - d["value"], COVERAGE, d["units"]),
        )
        for d in (missing, left)
    ]
    assert factors[0] == pytest.approx(factors[1], nan_ok=True)


@given(st.integers(0, 999), Dropped.filter(lambda dropped: sum(not d for d in dropped) > 3))
@settings(max_examples=50, deadline=None)
def test_scores_of_rows_without_a_truth_are_those_of_the_others(seed: int, dropped: list[bool]):
    data = drawn(seed)
    reference = drawn(seed + 1)["truth"]
    scores = [
        field_scores(
            *(d[n] for n in ("truth", "value", "lower", "upper", "novelty")), reference, COVERAGE
        )
        for d in without(data, dropped)
    ]
    assert scores[0].keys() == scores[1].keys()
    for name, one in scores[0].items():
        assert one == pytest.approx(scores[1][name], nan_ok=True), name


@given(st.integers(0, 99), st.integers(0, 2), Dropped)
@settings(max_examples=30, deadline=None)
def test_each_channel_has_rows_of_its_own(seed: int, channel: int, dropped: list[bool]):
    data = drawn(seed)
    rows = np.array(dropped)
    partly = data["truth"].copy()
    partly[rows, channel] = np.nan
    lower, upper = field_quantiles(partly, data["value"], data["scale"], COVERAGE)
    for i in range(3):
        kept = ~rows if i == channel else np.ones(60, bool)
        alone = [data[n][kept][:, i] for n in ("truth", "value", "scale")]
        assert (lower[i], upper[i]) == field_quantiles(*alone, COVERAGE)
    curves = error_curves(partly, data["value"])
    whole = error_curves(data["truth"], data["value"])
    if rows.sum() < 57:
        for kind, curve in curves.items():
            others = [i for i in range(3) if i != channel]
            np.testing.assert_allclose(curve[others], whole[kind][others], rtol=1e-9)
            alone = error_curves(*(data[n][~rows][:, [channel]] for n in ("truth", "value")))
            np.testing.assert_allclose(curve[channel], alone[kind][0], rtol=1e-9)


def test_a_channel_that_was_never_measured_has_open_bounds():
    data = drawn(3)
    data["truth"][:, 1] = np.nan
    lower, upper = field_quantiles(data["truth"], data["value"], data["scale"], COVERAGE)
    assert np.isinf([lower[1], upper[1]]).all()
    assert np.isfinite(np.delete([lower, upper], 1, axis=1)).all()
    bounds = data["value"] - data["scale"] * lower, data["value"] + data["scale"] * upper
    factor = curve_factor(data["truth"], *bounds, COVERAGE)
    assert np.isfinite(factor)
    scores = bound_scores(data["truth"], *bounds, data["novelty"], drawn(4)["truth"], COVERAGE)
    assert 0.7 < scores["coverage"] <= 1
    assert np.isfinite(scores["width"])
    errors = error_scores(data["truth"], data["value"])
    assert np.isfinite(list(errors.values())).all()


def test_open_factors_of_whole_curves_survive_json():
    calibration = Calibration("local", 0.9, 20, 1.0, curve={"y": float("inf"), "z": 1.5})
    written = json.loads(json.dumps(calibration.to_json(), allow_nan=False))
    assert Calibration.from_json(written).curve == {"y": np.inf, "z": 1.5}


def test_too_few_measured_rows_of_a_channel_promise_nothing():
    scores = np.array([[1.0, np.nan], [2, np.nan], [3, 1], [4, np.nan]])
    np.testing.assert_array_equal(conformal_quantile(scores, 0.7), [4, np.inf])


def test_means_and_quantiles_of_nothing_are_nothing():
    values = np.array([[1.0, np.nan, 2], [3, np.nan, np.nan]], np.float32)
    np.testing.assert_array_equal(measured.mean(values), [2, np.nan, 2])
    assert measured.mean(values).dtype == np.float32
    assert measured.mean(values, axis=None) == 2
    np.testing.assert_array_equal(measured.quantile(values, [0.5]), [[2, np.nan, 2]])
    assert measured.rows(values).tolist() == [True, True]
    assert measured.rows(values[:, 1:2]).tolist() == [False, False]


def test_a_scalar_of_a_row_measured_in_part_is_not_known():
    truth = {"y": np.array([[1.0, 2], [np.nan, 2], [np.nan, 2], [1, 2]])}
    scalar = np.array([1.0, 2.0, np.nan, np.nan])
    assert measured.scalar_rows(scalar, truth).tolist() == [True, True, False, True]


def test_rescaled_scores_of_what_was_not_measured_are_left_out():
    data = drawn(5)
    one = np.ones(3)
    truth = np.where(np.arange(60)[:, None] % 2 == 0, np.nan, data["truth"])
    scores = rescale.field_scores(truth, data["value"], data["scale"], one, one)
    odd = rescale.field_scores(*(data[n][1::2] for n in ("truth", "value", "scale")), one, one)
    rows = np.arange(60)
    assert unit_quantile(scores, 0.9, rows) == unit_quantile(odd, 0.9, rows[1::2])


def test_a_value_that_is_missing_where_the_truth_is_known_is_no_good_prediction():
    data = drawn(6)
    value = data["value"].copy()
    value[:, 2] = np.nan
    lower, upper = field_quantiles(data["truth"], value, data["scale"], COVERAGE)
    assert np.isinf([lower[2], upper[2]]).all()
    errors = error_scores(data["truth"], value)
    assert np.isnan([errors[name] for name in ("r2_pooled", "mae", "rmse")]).all()
    nothing = np.full_like(value, np.nan)
    assert curve_factor(data["truth"], nothing, nothing, COVERAGE) == np.inf
