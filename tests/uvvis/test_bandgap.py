"""The gap finder against edges whose gap is known, and against plain Tauc fits."""

from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.errors import DataError
from xmodkit_uvvis.bandgap import band_gap, band_gaps
from xmodkit_uvvis.bandgap.published import published_gaps
from xmodkit_uvvis.modalities import ENERGY_EV as E

KINDS = ("direct", "indirect")
URBACH_EV = 0.05
CASES = {
    "clean": set(),
    "noise": {"noise"},
    "Urbach tail": {"urbach"},
    "Urbach tail and noise": {"urbach", "noise"},
    "fringes": {"fringes"},
    "Urbach tail, noise and fringes": {"urbach", "noise", "fringes"},
    "sub-gap band": {"band"},
    "constant background": {"background"},
    "blurred by 60 meV": {"blur60"},
    "blurred by 100 meV": {"blur100"},
    "everything": {"urbach", "noise", "fringes", "band", "background"},
}


def edges(gaps, kind, heights=0.5, tail=0.0):
    """Absorption edges with an exponential tail that joins smoothly, alpha*t at 3.1 eV given."""
    power = 0.5 if kind == "direct" else 2
    join = np.maximum(power * tail, 1e-9)
    above = E - np.asarray(gaps, float)[:, None]
    decay = np.exp(np.minimum(above - join, 0) / max(tail, 1e-4))
    alpha = np.maximum(above, join) ** power * decay / E
    return alpha / alpha[:, -1:] * np.reshape(heights, (-1, 1))


def spectra(case, kind, n=200, seed=5):
    """Random gaps and spectra: 1.5 to 2.85 eV, alpha*t of 0.1 to 2 at the top."""
    random = np.random.default_rng(seed)
    gaps = random.uniform(1.5, 2.85, n)
    top = np.exp(random.uniform(np.log(0.1), np.log(2), (n, 1)))
    alpha = edges(gaps, kind, top, URBACH_EV if "urbach" in case else 0.0)

    def each(low, high):
        return random.uniform(low, high, (n, 1))

    if "band" in case:
        centre = random.uniform(1.2, np.minimum(gaps, 1.8))[:, None]
        shape = np.exp(-0.5 * ((E - centre) / each(0.15, 0.4)) ** 2)
        alpha = alpha + top * each(0.02, 0.15) * shape
    if "background" in case:
        alpha = alpha + top * each(0, 0.2)
    if "fringes" in case:  # periods of films 0.3 to 1 um thick; damped where the film absorbs
        wave = np.cos(2 * np.pi * (E / each(0.25, 0.9) + each(0, 1)))
        alpha = alpha + top * 0.05 * wave * np.exp(-alpha)
    if "noise" in case:
        alpha = alpha + top * random.normal(0, 0.02, alpha.shape)
    for name, width in (("blur60", 0.06), ("blur100", 0.1)):
        if name in case:
            alpha = blur(alpha, width)
    return gaps, alpha.astype(np.float32)


def blur(alpha, width):
    kernel = np.exp(-0.5 * ((E[:, None] - E) / width) ** 2)
    return alpha @ (kernel / kernel.sum(0))


def found(alpha, kind):
    """Gaps, those beyond the window set to its ends."""
    gap = band_gap(E, alpha, kind)
    assert (gap.status != "none").all()
    return gap.value


def plain_tauc(alpha, kind):
    """Fit one line between 20 % and 80 % of the ordinate: no baseline, no choice of segment."""
    ordinate = np.abs(alpha * E) ** (2 if kind == "direct" else 0.5)
    gaps = []
    for y in ordinate / ordinate.max(axis=1, keepdims=True):
        end = np.argmax(y > 0.8)
        low = np.flatnonzero(y[:end] < 0.2)
        start = low[-1] + 1 if len(low) else 0
        slope, offset = np.polyfit(E[start : end + 2], y[start : end + 2], 1)
        gaps.append(-offset / slope)
    return np.clip(gaps, 1.4, 2.95)


def errors_mev(gaps, truth):
    difference = (np.asarray(gaps, float) - truth) * 1000
    return difference.mean(), np.abs(difference).mean()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_gaps_are_found_within_80_mev_on_average(case, kind, record_property):
    truth, alpha = spectra(CASES[case], kind)
    bias, mae = errors_mev(found(alpha, kind), truth)
    record_property("bias and MAE, meV", f"{bias:.0f}, {mae:.0f}")
    assert mae <= 80
    assert abs(bias) <= 70


def test_direct_gaps_are_found_within_20_mev_on_average_in_every_case():
    for case in CASES.values():
        truth, alpha = spectra(case, "direct")
        assert errors_mev(found(alpha, "direct"), truth)[1] <= 20


@pytest.mark.parametrize("kind", KINDS)
def test_the_finder_beats_a_plain_linear_fit_over_all_cases(kind):
    ours, plain = [], []
    for case in CASES.values():
        truth, alpha = spectra(case, kind)
        ours.append(errors_mev(found(alpha, kind), truth)[1])
        plain.append(errors_mev(plain_tauc(alpha, kind), truth)[1])
    assert np.mean(ours) < 0.7 * np.mean(plain)
    assert ours[-1] < 0.5 * plain[-1], "everything at once"


@pytest.mark.parametrize("kind", KINDS)
def test_the_finder_beats_the_published_recipe_where_all_disturbances_meet(kind):
    truth, alpha = spectra(CASES["everything"], kind)
    ours = errors_mev(found(alpha, kind), truth)[1]
    for reading, gaps in published_gaps(E, alpha, kind).items():
        assert ours < 0.7 * errors_mev(np.clip(gaps, 1.4, 2.95), truth)[1], reading


@pytest.mark.parametrize("kind", KINDS)
@given(scale=st.floats(0.2, 50))
def test_gaps_do_not_depend_on_thickness(kind, scale):
    _, alpha = spectra({"urbach", "band"}, kind, n=8)
    alpha = alpha.astype(np.float64) / alpha.max(axis=1, keepdims=True)
    expected = band_gap(E, alpha, kind)
    scaled = band_gap(E, alpha * scale, kind)
    np.testing.assert_allclose(scaled.value, expected.value, atol=1e-5)
    np.testing.assert_array_equal(scaled.status, expected.status)


@pytest.mark.parametrize("width", [0.06, 0.1])
def test_gaps_of_smoothed_spectra_stay_where_they_were(width):
    """Networks predict spectra that are smoother than measured ones."""
    gaps = np.linspace(1.6, 2.7, 60)
    for kind, most in (("direct", 0.03), ("indirect", 0.1)):
        alpha = edges(gaps, kind, tail=URBACH_EV)
        shift = found(blur(alpha, width), kind) - found(alpha, kind)
        assert np.abs(shift).mean() < most


def test_gaps_move_steadily_with_the_edge():
    gaps = np.linspace(1.5, 2.85, 400)
    for kind in KINDS:
        steps = np.diff(found(edges(gaps, kind, tail=URBACH_EV), kind))
        assert np.abs(steps - np.diff(gaps)).max() < 0.03


def test_an_indirect_edge_read_as_direct_gives_a_far_higher_gap():
    """The assumption matters more than any noise: 1.6 eV reads about 2.6 eV."""
    alpha = edges([1.6], "indirect")
    assert band_gap(E, alpha, "indirect").value[0] == pytest.approx(1.6, abs=0.03)
    assert band_gap(E, alpha, "direct").value[0] == pytest.approx(2.6, abs=0.15)


@pytest.mark.parametrize("kind", KINDS)
def test_edges_above_the_window_are_censored_there(kind):
    gap = band_gap(E, edges([3.0, 3.05, 3.2], kind, tail=URBACH_EV), kind)
    assert set(gap.status) == {"above"}
    np.testing.assert_allclose(gap.value, 2.95)


@pytest.mark.parametrize("kind", KINDS)
def test_edges_below_the_window_are_censored_there(kind):
    gap = band_gap(E, edges([0.8, 1.0, 1.2, 1.35], kind, tail=URBACH_EV), kind)
    assert set(gap.status) == {"below"}
    np.testing.assert_allclose(gap.value, 1.40)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("level", "status"), [(0.0, "none"), (0.1, "none"), (0.5, "below"), (2.0, "below")]
)
def test_flat_spectra_have_no_gap_unless_they_are_dark(level, status, kind):
    """A dark film without an edge has its edge below the window: a 1.0 eV gap looks like this."""
    noise = np.random.default_rng(1).normal(0, 0.01, (100, len(E)))
    gap = band_gap(E, level + noise, kind)
    assert set(gap.status) == {status}
    assert np.isnan(gap.value).all() == (status == "none")


def test_an_absorption_band_alone_is_no_edge():
    band = 0.5 * np.exp(-0.5 * ((E - 2.0) / 0.2) ** 2)[None]
    assert [gap.status[0] for gap in band_gaps(E, band).values()] == ["none", "none"]


def test_edges_too_weak_to_see_have_no_gap():
    gap = band_gap(E, edges([2.2, 2.2], "direct", [0.04, 0.08]), "direct")
    assert gap.status.tolist() == ["none", "value"]


def test_falling_absorption_below_an_edge_does_not_hide_it():
    alpha = edges([2.5], "direct", 1.0) + 0.3 * (E[0] / E) ** 2
    assert band_gap(E, alpha, "direct").value[0] == pytest.approx(2.5, abs=0.03)


def test_a_spectrum_that_is_not_finite_has_no_gap_and_spoils_no_other():
    alpha = edges([2.0, 2.2, 2.4], "direct")
    alpha[1, 50] = np.nan
    gap = band_gap(E, alpha, "direct")
    assert gap.status.tolist() == ["value", "none", "value"]
    assert np.isnan(gap.value[1])


def test_gaps_are_the_same_alone_and_in_any_batch():
    """Bit by bit: a resumed run batches its samples otherwise."""
    _, alpha = spectra(CASES["everything"], "direct", n=70)
    for kind in KINDS:
        whole = band_gap(E, alpha, kind).value
        alone = [band_gap(E, row[None], kind).value[0] for row in alpha]
        pairs = [band_gap(E, alpha[i : i + 2], kind).value for i in range(0, 70, 2)]
        np.testing.assert_array_equal(whole, alone)
        np.testing.assert_array_equal(whole, np.concatenate(pairs))


def test_both_kinds_at_once_are_what_each_gives_alone():
    _, alpha = spectra(CASES["everything"], "direct", n=40)
    for kind, gap in band_gaps(E, alpha).items():
        np.testing.assert_array_equal(gap.value, band_gap(E, alpha, kind).value)
        assert gap.value.dtype == np.float32


def test_an_empty_batch_gives_empty_gaps():
    gap = band_gap(E, np.empty((0, len(E)), np.float32), "direct")
    assert gap.value.shape == gap.status.shape == (0,)


def test_other_energy_grids_are_taken():
    energy = np.geomspace(1.2, 3.5, 300)
    alpha = np.sqrt(np.maximum(energy - 2.2, 0))[None] / energy
    assert band_gap(energy, alpha, "direct").value[0] == pytest.approx(2.2, abs=0.03)


@pytest.mark.parametrize(
    ("energy", "alpha", "message"),
    [
        (E, E, r"\(samples, energies\) expected"),
        (E[:-1], np.zeros((2, len(E))), r"\(219,\)"),
        (E[::-1], np.zeros((2, len(E))), "rising"),
        (np.linspace(1.5, 3.1, 220), np.zeros((2, 220)), "1.40 to 2.95 eV"),
        (np.linspace(1.3, 3.1, 20), np.zeros((2, 20)), "20 energies given; at least 50"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(energy, alpha, message):
    with pytest.raises(DataError, match=message):
        band_gap(energy, alpha, "direct")


def test_a_batch_takes_far_less_than_the_millisecond_that_a_loop_takes():
    _, alpha = spectra(CASES["everything"], "direct", n=256)
    times = []
    for _ in range(5):
        start = perf_counter()
        band_gaps(E, alpha)
        times.append(perf_counter() - start)
    assert min(times) / 256 < 5e-4
