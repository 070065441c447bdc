import numpy as np
import pytest

from xmodkit.errors import InputError, UsageError
from xmodkit.pair import Route, Sample
from xmodkit_xes.inverse.encode import encode_curve
from xmodkit_xes.inverse.noise import estimated_noise

ENERGIES = np.linspace(490.0, 510.0, 81)
ROUTE = Route("xes", "structure", kind="fit")


def line(energy: np.ndarray) -> np.ndarray:
    return 3 + 50 * np.exp(-0.5 * ((energy - 500) / 1.5) ** 2)


def encoded(curve: np.ndarray, energy: np.ndarray, **options: object) -> dict[str, np.ndarray]:
    sample = Sample("a", {"xes": {"xes": curve}}, coordinates={"xes_energy": tuple(energy)})
    return dict(encode_curve(sample, ROUTE, options, ENERGIES))


@pytest.mark.parametrize("sd", [0.1, 1.0])
def test_noise_is_estimated_from_the_curve_itself(sd: float) -> None:
    rng = np.random.default_rng(0)
    found = [estimated_noise(line(ENERGIES) + rng.normal(0, sd, 81)) for _ in range(40)]
    assert np.median(found) == pytest.approx(sd, rel=0.15)


def test_a_curve_on_the_decoders_energies_comes_through_with_its_noise() -> None:
    row = encoded(line(ENERGIES), ENERGIES, noise=0.02)
    np.testing.assert_allclose(row["xes"], line(ENERGIES), rtol=1e-6)
    np.testing.assert_allclose(row["weight"], 2500, rtol=1e-3)
    assert row["xes"].dtype == row["weight"].dtype == np.float32


def test_a_finer_curve_is_averaged_and_weighs_more() -> None:
    energy = np.linspace(488, 512, 961)  # ten points a channel
    curve = line(energy) + np.random.default_rng(1).normal(0, 1, 961)
    row = encoded(curve, energy)
    rest = row["xes"] - line(ENERGIES)
    assert rest.std() == pytest.approx(10**-0.5, rel=0.25)
    claimed = row["xes"].max() / np.sqrt(row["weight"])
    assert np.median(claimed) == pytest.approx(10**-0.5, rel=0.25)


def test_a_coarser_curve_weighs_as_many_points_as_were_measured() -> None:
    energy = np.linspace(490, 510, 41)
    row = encoded(line(energy), energy, noise=0.01)
    assert row["weight"].sum() / 1e4 == pytest.approx(41, rel=0.02)


def test_energies_may_fall_and_channels_outside_weigh_nothing() -> None:
    energy = np.linspace(494, 510, 60)
    rising, falling = encoded(line(energy), energy), encoded(line(energy)[::-1], energy[::-1])
    np.testing.assert_array_equal(rising["xes"], falling["xes"])
    assert (rising["weight"][ENERGIES < 493.8] == 0).all()
    assert (rising["weight"][ENERGIES > 494] > 0).all()


@pytest.mark.parametrize(
    ("curve", "energy", "says"),
    [
        (np.full(81, 7.0), ENERGIES, "flat"),
        (np.zeros(81), ENERGIES, "flat"),
        (np.where(ENERGIES == 500, np.nan, line(ENERGIES)), ENERGIES, "NaN"),
        (line(ENERGIES)[:40], ENERGIES[:40], "covers 49 % of the decoder's 490 to 510 eV"),
        (line(ENERGIES), ENERGIES / 1000, "covers 0 %"),
        (line(ENERGIES)[:8], ENERGIES[:8], "8 points given"),
        (line(ENERGIES), np.sort(np.r_[ENERGIES[:80], 495]), "twice"),
        (line(ENERGIES), (), "0 energies given"),
    ],
)
def test_a_curve_that_cannot_be_fitted_is_refused_in_one_line(curve, energy, says) -> None:
    with pytest.raises(InputError, match=says) as error:
        encoded(curve, energy)
    assert "\n" not in str(error.value)


def test_a_noise_that_is_no_share_is_refused() -> None:
    with pytest.raises(UsageError, match="share of the curve's maximum"):
        encoded(line(ENERGIES), ENERGIES, noise=5.0)
