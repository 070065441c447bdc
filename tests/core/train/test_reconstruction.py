"""Reconstructions are scored per value, scaled to 0..1, beside what no network reaches."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.modality import Axis, Field
from xmodkit.train.reconstruction import reconstruction_scores

IMAGE = Field("image", (Axis("y"), Axis("x")), "uint8", valid_range=(0, 255))
PLAIN = Field("plain", (Axis("i"),))
RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.integers(0, 256, (600, 4, 4), dtype=np.uint8)  # more than one chunk
MEAN = TRUTH.mean(axis=0)


def test_a_perfect_reconstruction_has_no_error_and_the_truths_own_cross_entropy():
    scores = reconstruction_scores(IMAGE, TRUTH, TRUTH, MEAN)
    assert scores["mse"] == scores["mae"] == 0
    assert scores["bce"] == pytest.approx(scores["bce_of_truth"])
    assert scores["bce_of_mean"] > scores["bce"]


def test_the_mean_is_as_good_as_itself_and_errors_are_per_value():
    value = np.broadcast_to(np.round(MEAN), TRUTH.shape).astype(np.uint8)
    scores = reconstruction_scores(IMAGE, TRUTH, value, MEAN)
    assert scores["mse"] == pytest.approx(scores["mse_of_mean"], rel=1e-3)
    expected = (((value.astype(float) - TRUTH) / 255) ** 2).mean()
    assert scores["mse"] == pytest.approx(expected, rel=1e-5)


def test_a_level_of_0_or_255_is_no_certainty():
    wrong = np.where(TRUTH > 127, 0, 255).astype(np.uint8)
    scores = reconstruction_scores(IMAGE, TRUTH, wrong, MEAN)
    assert np.isfinite(scores["bce"])
    assert scores["bce"] > scores["bce_of_mean"]


def test_a_field_without_a_range_is_scored_as_it_is_without_cross_entropy():
    truth = RANDOM.normal(0, 9, (50, 3)).astype(np.float32)
    scores = reconstruction_scores(PLAIN, truth, truth + 2, truth.mean(axis=0))
    assert scores["mse"] == pytest.approx(4, rel=1e-5)
    assert scores["mae"] == pytest.approx(2, rel=1e-5)
    assert "bce" not in scores


def test_what_was_not_measured_does_not_count():
    truth = RANDOM.uniform(0, 1, (600, 4, 4)).astype(np.float32)
    value, mean = truth + RANDOM.normal(0, 0.1, truth.shape).astype(np.float32), truth.mean(axis=0)
    partly = truth.copy()
    partly[:300] = np.nan
    scores = reconstruction_scores(PLAIN, partly, value, mean)
    left = reconstruction_scores(PLAIN, truth[300:], value[300:], mean)
    assert scores == pytest.approx(left)
    assert scores["samples"] == 300
