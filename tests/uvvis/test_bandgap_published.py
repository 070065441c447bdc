"""The published gap finder: each step as published, and what it finds."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit_uvvis.bandgap.lines import savgol_coefficients, smooth
from xmodkit_uvvis.bandgap.published import published_gaps
from xmodkit_uvvis.modalities import ENERGY_EV as E

GAPS = np.linspace(1.5, 2.8, 14)
READINGS = ("double", "square")


def edges(kind, gaps=GAPS):
    return np.maximum(E - np.reshape(gaps, (-1, 1)), 0) ** (0.5 if kind == "direct" else 2) / E


def test_smoothing_is_that_of_the_published_code():
    signal = pytest.importorskip("scipy.signal")
    y = np.random.default_rng(2).normal(size=(3, len(E)))
    ours = smooth(y.T, savgol_coefficients(len(E), 25, 4)).T
    np.testing.assert_allclose(ours, signal.savgol_filter(y, 25, 4, axis=1), atol=1e-10)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("kind", ["direct", "indirect"])
def test_clean_edges_are_found(kind, reading):
    gaps = published_gaps(E, edges(kind), kind)[reading]
    np.testing.assert_allclose(gaps, GAPS, atol=0.025)


def test_noisy_edges_are_found_within_20_mev_on_average():
    alpha = edges("direct")
    alpha += np.random.default_rng(4).normal(0, 0.02, alpha.shape) * alpha[:, -1:]
    gaps = published_gaps(E, alpha, "direct")["double"]
    assert np.abs(gaps - GAPS).mean() < 0.02


@given(scale=st.floats(1e-3, 1e3))
def test_gaps_do_not_depend_on_thickness(scale):
    alpha = edges("direct", [2.0])
    alpha += 0.02 * np.cos(9 * E)
    expected = published_gaps(E, alpha, "direct")
    found = published_gaps(E, alpha * scale, "direct")
    for reading in READINGS:
        assert found[reading] == pytest.approx(expected[reading], abs=1e-5)


def test_the_two_readings_of_the_weight_differ_between_a_steep_and_a_wide_segment():
    """A gentle rise of 1.2 eV, a steep one of 0.3 eV: the square favours the wide one."""
    ordinate = np.interp(E, [1.31, 1.5, 2.7, 3.0, 3.1], [0, 0, 0.42, 1, 1])
    gaps = published_gaps(E, (np.sqrt(ordinate) / E)[None], "direct")
    assert gaps["double"] == pytest.approx(2.48, abs=0.04)
    assert gaps["square"] == pytest.approx(1.5, abs=0.04)


def test_a_baseline_is_not_removed():
    """The published recipe lets a background pull the gap down; the shipped finder does not."""
    gaps = published_gaps(E, edges("indirect", [2.2]) + 0.05, "indirect")["double"]
    assert gaps[0] < 2.1


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_spectra_without_a_rising_segment_have_no_gap(value):
    alpha = np.full((1, len(E)), value)
    assert np.isnan(published_gaps(E, alpha, "direct")["double"]).all()
    falling = (3.5 - E)[None] ** 3
    assert np.isnan(published_gaps(E, falling, "direct")["double"]).all()


def test_an_empty_batch_gives_no_gaps():
    assert published_gaps(E, np.empty((0, len(E))), "direct")["square"].shape == (0,)


def test_only_the_readings_asked_for_are_given():
    assert list(published_gaps(E, edges("direct"), "direct", ("square",))) == ["square"]


def test_gaps_are_found_without_scipy():
    """Prediction derives gaps in the base install, which has numpy alone."""
    program = (
        "import sys; sys.modules['scipy'] = None; import numpy as np;"
        "from xmodkit_uvvis.bandgap import band_gaps;"
        "from xmodkit_uvvis.bandgap.published import published_gaps;"
        "from xmodkit_uvvis.modalities import ENERGY_EV as E;"
        "alpha = np.maximum(E - 2, 0)[None] ** 0.5 / E;"
        "print(*band_gaps(E, alpha)['direct'].value, *published_gaps(E, alpha, 'direct')['double'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [float(gap) for gap in done.stdout.split()] == pytest.approx([2.0, 2.0], abs=0.02)
