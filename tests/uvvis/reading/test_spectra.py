"""Spectra come out as alpha t by the natural logarithm; what a file leaves open is asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.errors import InputError
from xmodkit_uvvis.reading.spectra import NM_EV, read_spectrum, resample

ENERGIES = np.linspace(1.31, 3.1, 220)
NM = np.arange(380, 1001, 2.0)
ALPHA = 0.8 / (1 + np.exp(-(NM_EV / NM - 2.2) / 0.1))  # an edge at 2.2 eV
TRUE = 0.8 / (1 + np.exp(-(ENERGIES - 2.2) / 0.1))


@pytest.fixture
def write(tmp_path):
    def write(header, *columns, delimiter=",", decimal=".", before="", encoding="utf-8"):
        rows = (
            delimiter.join(f"{v:.9g}".replace(".", decimal) for v in row)
            for row in zip(*columns, strict=True)
        )
        path = tmp_path / "spectrum.csv"
        path.write_bytes((before + "\n".join([header, *rows]) + "\n").encode(encoding))
        return path

    return write


def assert_true(spectrum, tolerance=2e-3):
    assert spectrum.absorption.dtype == np.float32
    assert np.abs(spectrum.absorption - TRUE).max() < tolerance


@pytest.mark.parametrize(
    "header", ["wavelength_nm,absorption", "nm,alpha*t", "Wavelength (nm),αt", "lambda/nm,alpha t"]
)
def test_absorption_is_taken_as_it_is(write, header):
    assert_true(read_spectrum(write(header, NM, ALPHA), ENERGIES))


def test_an_axis_in_ev_is_taken_as_it_is(write):
    path = write("Photon energy (eV),absorption", NM_EV / NM, ALPHA)
    assert_true(read_spectrum(path, ENERGIES))


def test_the_order_of_the_points_does_not_matter(write):
    assert_true(read_spectrum(write("nm,absorption", NM[::-1], ALPHA[::-1]), ENERGIES))


@pytest.mark.parametrize(
    ("delimiter", "decimal"),
    [(",", "."), (";", "."), (";", ","), ("\t", ","), (" ", ","), (" ", ".")],
)
def test_columns_and_decimals_are_told_apart(write, delimiter, decimal):
    header = delimiter.join(["wavelength_nm", "absorption"])
    path = write(header, NM, ALPHA, delimiter=delimiter, decimal=decimal)
    assert_true(read_spectrum(path, ENERGIES))


def test_lines_of_the_instrument_before_the_header_are_passed_over(write):
    before = "Cary 5000\nDate: 2019-07-24, 16:04\n\n"
    assert_true(read_spectrum(write("nm,absorption", NM, ALPHA, before=before), ENERGIES))


def test_an_old_instruments_encoding_is_read(write):
    path = write("nm,absorption", NM, ALPHA, before="Spaltbreite 5 µm\n", encoding="latin-1")
    assert_true(read_spectrum(path, ENERGIES))


@pytest.mark.parametrize(
    "header",
    ["absorbance (log10)", "A10", "Abs_log10", "absorbance base 10", "decadic absorbance"],
)
def test_base_10_by_the_header_is_multiplied_by_ln_10(write, header):
    path = write(f"nm,{header}", NM, ALPHA / 2.302585)
    assert_true(read_spectrum(path, ENERGIES))


@pytest.mark.parametrize("header", ["absorbance (ln)", "absorbance_ln", "natural absorbance"])
def test_base_e_by_the_header_is_kept(write, header):
    assert_true(read_spectrum(write(f"nm,{header}", NM, ALPHA), ENERGIES))


@pytest.mark.parametrize(
    "header", ["absorbance", "Abs", "A", "Optical density", "Absorption (a.u.)"]
)
def test_an_open_base_is_asked_for_and_never_guessed(write, header):
    path = write(f"nm,{header}", NM, ALPHA / 2.302585)
    with pytest.raises(InputError, match="give --absorbance-base 10 or e"):
        read_spectrum(path, ENERGIES)
    assert_true(read_spectrum(path, ENERGIES, absorbance_base="10"))


def test_a_base_that_contradicts_the_header_is_refused(write):
    with pytest.raises(InputError, match="contradicts"):
        read_spectrum(write("nm,absorbance_ln", NM, ALPHA), ENERGIES, absorbance_base="10")


@pytest.mark.parametrize("scale", [1, 100])
@pytest.mark.parametrize("names", ["T,R", "Transmission,Reflection", "transmittance,reflectance"])
def test_transmission_and_reflection_become_absorption(write, scale, names):
    reflected = 0.1 + 0.05 * np.sin(NM / 50)
    transmitted = (1 - reflected) * np.exp(-ALPHA)
    path = write(f"nm,{names}", NM, scale * transmitted, scale * reflected)
    spectrum = read_spectrum(path, ENERGIES)
    assert_true(spectrum)
    assert len(spectrum.notices) == 2
    assert ("percent" in spectrum.notices[0]) == (scale == 100)


def test_a_header_that_says_percent_needs_no_notice(write):
    path = write("nm,%T,%R", NM, 0.9 * np.exp(-ALPHA) * 100, 10 + 0 * NM)
    spectrum = read_spectrum(path, ENERGIES)
    assert_true(spectrum)
    assert spectrum.notices == ()


def test_percent_or_fraction_that_stays_open_is_refused(write):
    with pytest.raises(InputError, match="percent or fraction is open"):
        read_spectrum(write("nm,T,R", NM, 0 * NM + 1.4, 0 * NM + 0.2), ENERGIES)


def test_transmission_alone_must_be_said_to_be_enough(write):
    path = write("nm,transmission_fraction", NM, np.exp(-ALPHA))
    with pytest.raises(InputError, match="without reflection"):
        read_spectrum(path, ENERGIES)
    spectrum = read_spectrum(path, ENERGIES, neglect_reflection=True)
    assert_true(spectrum)
    assert spectrum.notices == ("reflection neglected: absorption is -ln(T)",)


def test_transmission_of_zero_is_refused_only_where_it_matters(write):
    nm = np.append(NM, np.arange(300, 380, 2.0))
    transmitted = np.append(0.9 * np.exp(-ALPHA), np.zeros(40))
    assert_true(read_spectrum(write("nm,T,R", nm, transmitted, 0 * nm + 0.1), ENERGIES))
    transmitted[100] = 0
    with pytest.raises(InputError, match="dark correction"):
        read_spectrum(write("nm,T,R", nm, transmitted, 0 * nm + 0.1), ENERGIES)


def test_a_spectrum_that_ends_too_early_is_refused_with_the_range_needed(write):
    short = NM >= 420
    with pytest.raises(InputError, match=r"1\.310 to 3\.100 eV \(399\.9 to 946\.4 nm\) needed"):
        read_spectrum(write("nm,absorption", NM[short], ALPHA[short]), ENERGIES)


def test_400_nm_is_close_enough_to_3_1_ev(write):
    near = (NM >= 400) & (NM <= 946)
    assert_true(read_spectrum(write("nm,absorption", NM[near], ALPHA[near]), ENERGIES))


def test_a_gap_in_the_spectrum_is_refused(write):
    holed = (NM < 500) | (NM > 560)
    with pytest.raises(InputError, match=r"no points between 2\.2\d+ and 2\.4\d+ eV"):
        read_spectrum(write("nm,absorption", NM[holed], ALPHA[holed]), ENERGIES)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("wavelength,absorption", "unit of 'wavelength' is open"),
        ("nm,signal", "absorbance, absorption, or transmission and reflection expected"),
        ("channel,absorption", "a wavelength in nm or an energy in eV"),
        ("nm,reflection", "reflection alone given"),
        ("nm,absorption coefficient (cm-1)", "multiply it by the thickness"),
    ],
)
def test_a_header_that_leaves_something_open_is_refused(write, header, message):
    with pytest.raises(InputError, match=message):
        read_spectrum(write(header, NM, ALPHA), ENERGIES)


def test_two_spectra_in_one_file_are_refused(write):
    with pytest.raises(InputError, match="one spectrum per file"):
        read_spectrum(write("nm,absorption 1,absorption 2", NM, ALPHA, ALPHA), ENERGIES)


def test_two_quantities_in_one_file_are_refused(write):
    with pytest.raises(InputError, match="absorbance and transmission given"):
        read_spectrum(write("nm,absorbance_ln,T", NM, ALPHA, np.exp(-ALPHA)), ENERGIES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no numbers"),
        ("nm,absorption\n", "no numbers"),
        ("500,0.1\n501,0.2\n", "no header"),
        ("nm,absorption\n500,0.1\nlamp off\n502,0.3\n", "line 3: 'lamp off' given"),
        ("nm,absorption\n500,0.1\n501,nan\n502,0.3\n", "line 3: .* numbers expected"),
        ("nm,absorption\n500,5,0,1\n501,5,0,2\n", "separate columns by semicolons"),
        ("nm,absorption\n0,0.1\n501,0.2\n", "positive values expected"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_the_line(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=rf"a\.csv: .*{message}"):
        read_spectrum(tmp_path / "a.csv", ENERGIES)


def test_an_absent_file_or_a_binary_one_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be opened"):
        read_spectrum(tmp_path / "gone.csv", ENERGIES)
    (tmp_path / "a.csv").write_bytes(b"\x89PNG\0\0")
    with pytest.raises(InputError, match="no text"):
        read_spectrum(tmp_path / "a.csv", ENERGIES)


@given(st.floats(-2, 2), st.floats(-5, 5), st.permutations(range(60)))
def test_a_straight_line_is_resampled_exactly_in_any_order(slope, offset, order):
    points = np.linspace(1.2, 3.2, 60)[order]
    resampled = resample(points, slope * points + offset, ENERGIES)
    np.testing.assert_allclose(resampled, slope * ENERGIES + offset, atol=1e-9)


def test_a_point_measured_twice_counts_as_its_mean():
    points = np.append(np.linspace(1.2, 3.2, 60), 1.2)
    values = np.append(np.full(60, 0.5), 0.7)
    assert resample(points, values, np.array([1.2, 3.0])) == pytest.approx([0.6, 0.5])
