"""Ranks and resampling say what their names say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xmodkit.risk import aurc, paired_bootstrap, risk_coverage, spearman


@given(st.lists(st.integers(0, 5), min_size=5, max_size=40), st.integers(0, 1000))
def test_spearman_agrees_with_scipy_on_ties(values: list[int], seed: int):
    one = np.array(values, float)
    other = np.random.default_rng(seed).integers(0, 4, len(values)).astype(float)
    if np.ptp(one) and np.ptp(other):
        assert spearman(one, other) == pytest.approx(stats.spearmanr(one, other).statistic)


def test_risk_falls_when_novelty_orders_the_errors():
    error = np.linspace(0, 1, 101)
    assert risk_coverage(error, error)[-1] == pytest.approx(0.5)
    assert aurc(error, error) < 0.5 < aurc(error, -error)


def test_the_bootstrap_draws_whole_units():
    rng = np.random.default_rng(1)
    plates = np.repeat(np.arange(20), 30)
    shift = rng.normal(0, 1, 20)[plates]  # all samples of a plate are off together
    zero = np.zeros(600)
    mean, low, high = paired_bootstrap(shift, zero, plates, 0)
    _, narrow_low, narrow_high = paired_bootstrap(shift, zero, np.arange(600), 0)
    assert low < mean < high
    assert high - low > 3 * (narrow_high - narrow_low)
