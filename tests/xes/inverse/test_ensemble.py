from typing import Any

import numpy as np
import pytest

from xmodkit.errors import UsageError
from xmodkit_xes.inverse.ensemble import Ensemble
from xmodkit_xes.inverse.fit import Fitter
from xmodkit_xes.inverse.problem import Unknowns

MEAN = np.array([-0.6, 0.7, 0.4])
SPREAD = np.array([0.25, 0.3, 0.8])


def test_mean_and_spread_of_an_ensemble_are_recovered(water: Any) -> None:
    """The curve is the mean over 20,000 molecules, not the quadrature that fits it."""
    decoder = water(20.0)
    rng = np.random.default_rng(0)
    members = MEAN + rng.standard_normal((20_000, 3)) * SPREAD
    features = decoder.features.of_latent(members)
    truth = decoder.features.parameters(features)
    curve = decoder.decode(members).mean(axis=0, keepdims=True)
    curve = curve + rng.normal(0, 2e-3, curve.shape)
    problem = decoder.problem(frozenset({"shift", "broadening"}), ensemble=True)
    fit = Fitter(problem).fit(curve, np.full_like(curve, 2e-3**-2))
    found = {name: float(estimate.value[0]) for name, estimate in fit.scalars.items()}
    assert found["angle"] == pytest.approx(truth["angle"].mean(), abs=0.5)
    assert found["angle_spread"] == pytest.approx(truth["angle"].std(), abs=1.0)
    assert found["bond_sum"] == pytest.approx(truth["bond_sum"].mean(), abs=0.005)
    assert found["bond_sum_spread"] == pytest.approx(truth["bond_sum"].std(), abs=0.008)
    single = Fitter(decoder.problem(frozenset({"shift", "broadening"})))
    assert single.fit(curve, np.full_like(curve, 2e-3**-2)).misfit[0] > 1.5 * fit.misfit[0]


def plain(k: int) -> Unknowns:
    return Unknowns(
        lambda t: t**2, np.zeros(k), np.eye(k), lambda t: {"first": t[:, 0]}, lambda t: t
    )


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_mean_of_squares_is_exact(k: int) -> None:
    ensemble = Ensemble(plain(k))
    point = ensemble.unknowns.mean.copy()
    point[:k] = 0.5
    point[k : 2 * k] = np.log(0.3)
    np.testing.assert_allclose(ensemble.unknowns.decode(point[None])[0], 0.25 + 0.09)
    said = ensemble.unknowns.parameters(point[None])
    assert said["first"][0] == pytest.approx(0.5)
    assert said["first_spread"][0] == pytest.approx(0.3)


def test_an_ensemble_and_its_mirror_image_are_one(water: Any) -> None:
    ensemble = Ensemble(water(20.0).single())
    point = np.array([[1.5, -1.2, 0.3, -1.0, -0.7, -0.5, 0.2, -0.1, 0.15]])
    folded = ensemble.unknowns.fold(point)
    short, long, _ = water().features.of_latent(folded[0, :3])
    assert short < long
    again = ensemble.unknowns.fold(folded)
    np.testing.assert_allclose(again, folded)
    swapped = ensemble.covariance(point)[0][[1, 0, 2]][:, [1, 0, 2]]
    np.testing.assert_allclose(ensemble.covariance(folded)[0], swapped, atol=1e-6)


def test_too_many_scores_are_refused() -> None:
    with pytest.raises(UsageError, match="a decoder of 6 scores given, at most 4"):
        Ensemble(plain(6))
