from typing import Any

import numpy as np
import pytest

from xmodkit.errors import UsageError
from xmodkit_xes.inverse.calibrate import disturbed, fit_in_batches
from xmodkit_xes.inverse.decoder import Decoder
from xmodkit_xes.inverse.fit import Fitter
from xmodkit_xes.inverse.problem import Problem, Unknowns, fixed_of

ENERGIES = np.linspace(490.0, 510.0, 81)
SHOWS_DIFFERENCE = 20.0


def measured(decoder: Decoder, features: Any, noise: float = 0.005, seed: int = 0) -> Any:
    """Return curves with noise and axis errors, and these errors."""
    rng = np.random.default_rng(seed)
    shift = rng.normal(0, 0.3, len(features))
    spectra = decoder.decode(decoder.features.to_latent(features))
    return disturbed(ENERGIES, spectra, shift, np.full(len(features), noise), rng), shift


def test_bonds_angle_and_axis_error_are_recovered_through_noise(water: Any, molecules: Any) -> None:
    decoder, features = water(SHOWS_DIFFERENCE), molecules(24, 1)
    curves, shift = measured(decoder, features, 0.002)
    fit = fit_in_batches(Fitter(decoder.problem(frozenset({"broadening"}))), curves)
    truth = decoder.features.parameters(features)
    # a shift looks like longer bonds and a wider angle, but leaves the third line where it is
    assert np.abs(fit.scalars["shift"].value - shift).mean() < 0.02
    assert np.abs(fit.scalars["bond_sum"].value - truth["bond_sum"]).mean() < 0.003
    assert np.abs(fit.scalars["angle"].value - truth["angle"]).mean() < 0.3
    assert np.median(fit.misfit) == pytest.approx(1, abs=0.4)


def test_scale_broadening_and_background_are_fitted_besides(water: Any, molecules: Any) -> None:
    decoder, features = water(SHOWS_DIFFERENCE), molecules(8, 2)
    clean = decoder.problem().curves(
        np.column_stack([decoder.features.to_latent(features), np.full((8, 3), [0.2, 0.09, 0.0])])
    )
    background = 0.06 + 0.03 * np.linspace(-1, 1, len(ENERGIES))
    curves = 4000 * (clean + background)
    fit = Fitter(decoder.problem()).fit(curves, np.full_like(curves, (4000 * 2e-3) ** -2.0))
    truth = decoder.features.parameters(features)
    np.testing.assert_allclose(fit.scalars["scale"].value, 4000, rtol=0.03)
    np.testing.assert_allclose(fit.scalars["broadening"].value, 0.3, atol=0.05)
    np.testing.assert_allclose(fit.scalars["shift"].value, 0.2, atol=0.03)
    np.testing.assert_allclose(fit.scalars["bond_sum"].value, truth["bond_sum"], atol=6e-3)
    np.testing.assert_allclose(fit.fitted, curves, atol=40)


def test_the_unit_of_a_curve_changes_nothing_but_the_scale(water: Any, molecules: Any) -> None:
    decoder = water(SHOWS_DIFFERENCE)
    curves, _ = measured(decoder, molecules(3, 3))
    fitter = Fitter(decoder.problem())
    one, other = fit_in_batches(fitter, curves), fit_in_batches(fitter, 1e9 * curves)
    np.testing.assert_allclose(other.unknowns, one.unknowns, atol=1e-4)
    ratio = other.scalars["scale"].value / one.scalars["scale"].value
    np.testing.assert_allclose(ratio, 1e9, rtol=1e-4)


def test_a_curve_is_answered_alike_alone_and_in_a_batch(water: Any, molecules: Any) -> None:
    decoder = water()
    curves, _ = measured(decoder, molecules(4, 4))
    fitter = Fitter(decoder.problem())
    together, alone = fit_in_batches(fitter, curves), fit_in_batches(fitter, curves[2:3])
    np.testing.assert_allclose(alone.unknowns[0], together.unknowns[2], atol=1e-6)


def test_what_a_curve_does_not_show_keeps_its_prior_spread(water: Any, molecules: Any) -> None:
    """The first decoder's third line tells the bonds apart, the second's does not."""
    ratios = []
    for difference in (SHOWS_DIFFERENCE, 0.0):
        decoder = water(difference)
        curves, _ = measured(decoder, molecules(16, 5), 0.002)
        fit = fit_in_batches(Fitter(decoder.problem()), curves)
        ratios.append(np.median(fit.scalars["bond_difference"].ratio))
        assert np.median(fit.scalars["angle"].ratio) < 0.2
    assert ratios[0] < 0.5 < 0.8 < ratios[1]


def symmetric(weight: float) -> Problem:
    """Return a problem whose curve goes with t0 squared, and a little with t0 itself."""

    def decode(latent: Any) -> Any:
        centre = 500 + 1.5 * latent[:, :1] ** 2 + weight * latent[:, :1]
        return np.exp(-0.5 * ((ENERGIES - centre) / 0.8) ** 2)

    unknowns = Unknowns(decode, np.zeros(1), np.eye(1), lambda t: {"t": t[:, 0]}, lambda t: t)
    return Problem(unknowns, ENERGIES, np.full(81, 1e-3), np.zeros((0, 81)), frozenset({"shift"}))


def test_two_structures_with_one_spectrum_are_both_reported() -> None:
    problem = symmetric(0.0)
    curve = problem.unknowns.decode(np.array([[1.2]]))
    fit = Fitter(problem).fit(curve, np.full_like(curve, 1e4))
    found = np.isfinite(fit.minima[0, :, 0])
    np.testing.assert_allclose(np.sort(fit.minima[0, found, 0]), [-1.2, 1.2], atol=0.02)
    np.testing.assert_allclose(fit.weight[0, found], 0.5, atol=0.1)
    assert fit.scalars["t"].ratio[0] > 1


def test_of_two_structures_the_one_that_fits_better_has_the_weight() -> None:
    problem = symmetric(0.3)
    curve = problem.unknowns.decode(np.array([[1.2]]))
    fit = Fitter(problem).fit(curve, np.full_like(curve, 1e4))
    assert fit.minima[0, 0, 0] == pytest.approx(1.2, abs=0.02)
    other = -1.2 - 0.3 / 1.5  # where the line lies equally
    assert fit.minima[0, 1, 0] == pytest.approx(other, abs=0.02)
    odds = np.exp(0.5 * (other**2 - 1.2**2))  # of the prior alone
    assert fit.weight[0, 0] / fit.weight[0, 1] == pytest.approx(odds, rel=0.3)


def linear() -> Problem:
    shape = np.exp(-0.5 * ((ENERGIES - 500) / 0.8) ** 2)

    def decode(latent: Any) -> Any:
        return 1 + latent[:, :1] * shape

    unknowns = Unknowns(decode, np.zeros(1), np.eye(1), lambda t: {"t": t[:, 0]}, lambda t: t)
    fixed = frozenset({"shift", "scale", "broadening", "background"})
    return Problem(unknowns, ENERGIES, np.zeros(81), np.zeros((0, 81)), fixed)


def test_the_posterior_of_a_linear_decoder_is_the_textbook_one() -> None:
    problem, noise = linear(), 2.0
    curve = problem.unknowns.decode(np.array([[0.7]]))
    fit = Fitter(problem).fit(curve, np.full_like(curve, noise**-2))
    shape = np.exp(-0.5 * ((ENERGIES - 500) / 0.8) ** 2)
    precision = 1 + shape @ shape / noise**2
    assert fit.unknowns[0, 0] == pytest.approx(0.7 * (precision - 1) / precision, abs=0.05)
    assert fit.scalars["t"].sd[0] == pytest.approx(precision**-0.5, rel=0.1)


def test_channels_that_were_not_measured_do_not_matter(water: Any, molecules: Any) -> None:
    decoder = water(SHOWS_DIFFERENCE)
    curves, _ = measured(decoder, molecules(3, 6))
    precision = np.full_like(curves, 1e4)
    precision[:, :12] = 0
    spoilt = curves.copy()
    spoilt[:, :12] = 50
    fitter = Fitter(decoder.problem())
    one, other = fitter.fit(curves, precision), fitter.fit(spoilt, precision)
    np.testing.assert_allclose(other.unknowns, one.unknowns, atol=1e-6)


def test_a_curve_of_something_else_misfits(water: Any, molecules: Any) -> None:
    decoder = water(SHOWS_DIFFERENCE)
    curves, _ = measured(decoder, molecules(2, 7))
    fitter = Fitter(decoder.problem())
    ours = fit_in_batches(fitter, curves).misfit.max()
    upside_down = fitter.fit(-curves, np.full_like(curves, 1e4)).misfit.min()
    assert upside_down > 10 * ours


@pytest.mark.parametrize("text", [None, "", "shift", "scale, broadening,background"])
def test_known_nuisances_are_named(text: str | None) -> None:
    assert fixed_of(text) == {name.strip() for name in (text or "").split(",") if name.strip()}


def test_an_unknown_nuisance_is_refused() -> None:
    with pytest.raises(UsageError, match="--fix slope: not one of shift"):
        fixed_of("shift,slope")
