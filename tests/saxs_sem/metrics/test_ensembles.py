"""CRPS rewards the true distribution, and intervals of members hold what they state."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.errors import DataError
from xmodkit_saxs_sem.metrics import crps, ensemble_interval


def test_crps_is_that_of_the_definition() -> None:
    rng = np.random.default_rng(0)
    members, truth = rng.normal(size=(5, 7, 3)), rng.normal(size=(5, 3))
    apart = np.abs(members[:, :, None] - members[:, None]).sum(axis=(1, 2)) / (7 * 6)
    expected = np.abs(members - truth[:, None]).mean(axis=1) - apart / 2
    np.testing.assert_allclose(crps(members, truth), expected, atol=1e-12)


def test_crps_does_not_depend_on_how_many_members_there_are() -> None:
    """A standard normal scores 1 / sqrt(pi) on truths that are drawn from it."""
    rng = np.random.default_rng(1)
    for members in (2, 5, 40):
        found = crps(rng.normal(size=(20000, members)), rng.normal(size=20000))
        assert found.mean() == pytest.approx(1 / np.sqrt(np.pi), abs=0.02)


def test_crps_is_least_for_the_true_distribution() -> None:
    rng = np.random.default_rng(2)
    truth, members = rng.normal(size=4000), rng.normal(size=(4000, 20))
    own = crps(members, truth).mean()
    for other in (0.3 * members, 2 * members, members + 0.7):
        assert crps(other, truth).mean() > 1.04 * own


def test_the_interval_of_members_holds_the_share_that_it_states() -> None:
    rng = np.random.default_rng(3)
    members, truth = rng.gumbel(size=(20000, 39, 2)), rng.gumbel(size=(20000, 2))
    low, high = ensemble_interval(members, 0.9)
    assert ((truth >= low) & (truth <= high)).mean() == pytest.approx(0.9, abs=0.01)


def test_too_few_members_are_refused() -> None:
    with pytest.raises(DataError, match=r"1 member\(s\) given, 2 or more"):
        crps(np.zeros((3, 1)), np.zeros(3))
    with pytest.raises(DataError, match=r"18 member\(s\) given, 19 or more"):
        ensemble_interval(np.zeros((3, 18)), 0.9)
    assert ensemble_interval(np.zeros((3, 19)), 0.9)[0].shape == (3,)
