"""Covered variance is pooled R2, its interval comes from whole units."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.scores import flat
from xmodkit_xes.study.score import Judge, squared_errors


def _rows(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    truth = random.normal(size=(n, 5)) * [3, 1, 1, 0.2, 1] + 4
    return truth, truth + random.normal(0, 0.5, truth.shape)


def test_covered_variance_is_pooled_over_channels():
    truth, value = _rows()
    judge = Judge(truth, [str(i) for i in range(len(truth))])
    by_hand = 1 - ((truth - value) ** 2).sum() / ((truth - flat(truth).mean(axis=0)) ** 2).sum()
    assert judge.covered(squared_errors(truth, value)) == pytest.approx(by_hand)


def test_the_interval_holds_the_value_and_grows_with_what_belongs_together():
    truth, value = _rows()
    errors = squared_errors(truth, value)
    errors[:40] *= 20  # one unit is bad throughout
    alone = Judge(truth, [str(i) for i in range(len(truth))])
    together = Judge(truth, [str(i // 40) for i in range(len(truth))])
    (low, high), (wide_low, wide_high) = alone.interval(errors), together.interval(errors)
    assert low < alone.covered(errors) < high
    assert wide_high - wide_low > 1.5 * (high - low)


def test_a_paired_gain_is_known_better_than_either_value():
    truth, value = _rows()
    errors = squared_errors(truth, value)
    judge = Judge(truth, [str(i) for i in range(len(truth))])
    gain, low, high = judge.gain(0.9 * errors, errors)
    assert 0 < low < gain < high
    ends = judge.interval(errors)
    assert high - low < (ends[1] - ends[0]) / 4
