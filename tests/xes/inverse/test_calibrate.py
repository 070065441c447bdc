import json
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from xmodkit.errors import DataError
from xmodkit_xes.inverse.bounds import Factors, fitted_factors
from xmodkit_xes.inverse.calibrate import calibrate_fit, disturbed, fit_in_batches
from xmodkit_xes.inverse.fit import Estimate, Fitter

ROWS = 160


@pytest.fixture(scope="module")
def calibrated(water: Any, molecules: Any) -> tuple[Any, Any]:
    """Return a decoder whose curves hide the bond difference, and its calibration."""
    decoder, features = water(), molecules(ROWS, 1)
    spectra = with_error(decoder, features)
    rng = np.random.default_rng(2)
    fit = calibrate_fit(decoder.decode, decoder.details, decoder.energies, spectra, features, rng)
    return water(fit=fit), fit


def with_error(decoder: Any, features: Any) -> Any:
    spectra = decoder.decode(decoder.features.to_latent(features))
    bump = np.exp(-0.5 * ((decoder.energies - 499) / 2) ** 2)
    return spectra + 0.02 * np.sin(features[:, 2:]) * bump


def test_bounds_cover_new_rows_and_what_is_hidden_is_declared(
    calibrated: Any, molecules: Any
) -> None:
    decoder, fit = calibrated
    assert json.loads(json.dumps(fit, allow_nan=False)) == fit
    features, rng = molecules(ROWS, 9), np.random.default_rng(10)
    curves = disturbed(
        decoder.energies,
        with_error(decoder, features),
        rng.normal(0, 0.3, ROWS),
        np.full(ROWS, 0.01),
        rng,
    )
    found = fit_in_batches(Fitter(decoder.problem()), curves)
    truth = decoder.features.parameters(features)
    for name in ("bond_sum", "angle"):
        factors = Factors.of_json(fit["scalars"][name])
        bounded = factors.derived(found.scalars[name], np.ones(ROWS, bool), "", 0.0)
        assert (bounded.status == "value").mean() > 0.9
        inside = (bounded.lower <= truth[name]) & (truth[name] <= bounded.upper)
        # calibration of 80 rows and a test of 160: both vary, as 53 rows do
        low, high = binom.interval(0.9999, 53, 0.9)
        assert low / 53 <= inside[bounded.status == "value"].mean() <= high / 53
    hidden = Factors.of_json(fit["scalars"]["bond_difference"])
    none = hidden.derived(found.scalars["bond_difference"], np.ones(ROWS, bool), "", 0.0)
    assert (none.status == "none").all()
    assert np.isnan([none.value, none.lower, none.upper]).all()


def test_the_decoders_error_is_learned_as_a_shape(calibrated: Any, water: Any) -> None:
    _, fit = calibrated
    bump = np.exp(-0.5 * ((water().energies - 499) / 2) ** 2)
    first = np.array(fit["shapes"][0])
    assert abs(first @ bump) / np.linalg.norm(first) / np.linalg.norm(bump) > 0.99
    assert max(fit["error"]) < 1e-3


def test_too_few_rows_are_refused(water: Any, molecules: Any) -> None:
    decoder, features = water(), molecules(20, 0)
    spectra = with_error(decoder, features)
    with pytest.raises(DataError, match="20 rows given, 100 or more"):
        calibrate_fit(
            decoder.decode,
            decoder.details,
            decoder.energies,
            spectra,
            features,
            np.random.default_rng(0),
        )


def test_overconfident_posteriors_are_widened_and_timid_ones_are_not_narrowed() -> None:
    error = np.random.default_rng(0).normal(0, 1, 2000)
    zeros, ones = np.zeros(2000), np.ones(2000)
    bold = fitted_factors(Estimate(zeros, 0.25 * ones, 0.01 * ones), error)
    timid = fitted_factors(Estimate(zeros, 2 * ones, 0.01 * ones), error)
    assert bold["widening"] == pytest.approx(4, rel=0.1)
    assert bold["half_width"] == pytest.approx(4 * 1.645, rel=0.1)
    assert timid["widening"] == 1
    assert timid["half_width"] == pytest.approx(0.5 * 1.645, rel=0.1)


def test_a_parameter_that_few_rows_fix_is_never_fixed() -> None:
    ratio = np.where(np.arange(400) < 20, 0.1, 0.9)
    found = Estimate(np.zeros(400), np.ones(400), ratio)
    factors = fitted_factors(found, np.random.default_rng(0).normal(0, 1, 400))
    assert factors["half_width"] is None
    assert not Factors.of_json(factors).fixed(found).any()
