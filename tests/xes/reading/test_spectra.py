"""Measured curves are read as beamlines write them; what is open is said, the broken refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.errors import InputError
from xmodkit.pair import Failure, Route, Sample
from xmodkit_xes.modalities import XES
from xmodkit_xes.reading.columns import read_columns
from xmodkit_xes.reading.spectra import read_curve, read_spectra

ROUTE = Route("xes", "structure", kind="fit")
ENERGY = np.linspace(2450.0, 2475.0, 26)
VALUES = np.exp(-0.5 * ((ENERGY - 2466) / 2) ** 2)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str, name: str = "curve.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def table(*columns: np.ndarray, sep: str = ",") -> str:
    return "\n".join(
        sep.join(f"{value:.9g}" for value in row) for row in zip(*columns, strict=True)
    )


def read(path: Path, **options: object) -> list[Sample]:
    items = list(read_spectra(path, ROUTE, options))
    for item in items:
        assert isinstance(item, Sample), item
        XES.at(item.coordinates).check(item.arrays["xes"])
    return items  # type: ignore[return-value]


def check(sample: Sample, values: np.ndarray = VALUES) -> None:
    np.testing.assert_allclose(sample.coordinates["xes_energy"], ENERGY)
    np.testing.assert_allclose(sample.arrays["xes"]["xes"], values, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("sep", "name"), [(",", "a.csv"), ("\t", "a.tsv"), ("  ", "a.dat")])
def test_columns_are_read_whatever_separates_them(write: Write, sep: str, name: str) -> None:
    """Commas, tabs and white space; the file's name is the sample's."""
    (sample,) = read(write(f"energy_eV{sep}intensity\n" + table(ENERGY, VALUES, sep=sep), name))
    check(sample)
    assert sample.id == "a"
    assert not sample.notices


def test_decimal_commas_are_read(write: Write) -> None:
    """Semicolons separate columns where the decimal sign is a comma."""
    text = table(ENERGY, VALUES, sep=";").replace(".", ",")
    check(read(write("energy (eV);xes\n" + text))[0])


@given(st.permutations(range(26)))
def test_any_order_of_energies_gives_the_same_curve(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    """Descending and unsorted energies are put in order."""
    path = tmp_path_factory.mktemp("order") / "curve.csv"
    path.write_text("energy_eV,xes\n" + table(ENERGY[order], VALUES[order]))
    check(read(path)[0])


def test_energies_that_come_twice_count_as_their_mean(write: Write) -> None:
    """A scan forth and back is one curve, with a notice."""
    text = table(np.tile(ENERGY, 2), np.concatenate([VALUES + 0.1, VALUES - 0.1]))
    (sample,) = read(write("energy_eV,xes\n" + text))
    check(sample)
    assert sample.notices == ("26 energies came more than once: their means are taken",)


def test_kev_in_the_header_is_kev(write: Write) -> None:
    """What is written is not guessed: no notice."""
    (sample,) = read(write("energy (keV),xes\n" + table(ENERGY / 1000, VALUES)))
    check(sample)
    assert not sample.notices


@pytest.mark.parametrize(("scale", "unit"), [(1.0, "eV"), (1e-3, "keV")])
def test_an_open_unit_is_taken_from_the_range_and_said(
    write: Write, scale: float, unit: str
) -> None:
    """2466 can only be eV, 2.466 only keV; the option settles it without a notice."""
    path = write("energy,xes\n" + table(ENERGY * scale, VALUES))
    (sample,) = read(path)
    check(sample)
    assert f"taken as {unit}" in sample.notices[0]
    (told,) = read(path, energy_unit=unit)
    check(told)
    assert not told.notices


def test_energies_that_could_be_either_are_refused(write: Write) -> None:
    """The K edges of Be and of U lie at 111 eV and 116 keV."""
    path = write("energy,xes\n" + table(np.linspace(100, 112, 26), VALUES))
    with pytest.raises(InputError, match=r"eV or keV; say which with --energy-unit"):
        read(path)
    assert read(path, energy_unit="eV")[0].coordinates["xes_energy"][0] == 100


def test_every_column_is_a_sample(write: Write) -> None:
    """Several spectra on one energy column are named by their labels."""
    path = write("energy_eV,cold,hot,i0\n" + table(ENERGY, VALUES, 2 * VALUES, VALUES * 0 + 7))
    cold, hot = read(path)
    assert [cold.id, hot.id, hot.ordinal] == ["curve-cold", "curve-hot", 1]
    check(cold)
    check(hot, 2 * VALUES)
    assert [sample.id for sample in read(path, column="hot")] == ["curve"]


def test_a_file_without_labels_is_energy_then_spectra(write: Write) -> None:
    """Two bare columns are a spectrum."""
    check(read(write(table(ENERGY, VALUES, sep=" "), "bare.txt"))[0])


def test_athena_s_normalised_file_gives_its_norm(write: Write) -> None:
    """Of Athena's columns the normalised one is the spectrum; the others were made from it."""
    text = (
        "# XDI/1.0  Demeter/0.9.26\n# Demeter.output_filetype: multicolumn normalized mu(E)\n"
        "# Element.symbol: S\n# Element.edge: K\n# Column.1: energy eV\n# Column.2: norm\n"
        "# Column.3: nbkg\n# Column.4: flat\n# ///\n# a comment\n#------------\n"
        "#  energy  norm  nbkg  flat\n"
    ) + table(ENERGY, VALUES, VALUES * 0, VALUES + 1, sep="  ")
    (sample,) = read(write(text, "scan.nor"))
    check(sample)
    assert sample.metadata["absorber"] == "S"
    assert sample.metadata["column"] == "norm"
    assert not sample.notices


def test_feff_s_absolute_energies_are_taken(write: Write) -> None:
    """`omega` is the energy and `mu` the spectrum, whatever `e` and `k` say."""
    header = "#  FEFF 9\n#  -----\n#  omega    e    k    mu    mu0     chi     @#\n"
    columns = (ENERGY, ENERGY - 2460, ENERGY, VALUES, VALUES + 1, VALUES)
    (sample,) = read(write(header.replace("     @#", "") + table(*columns, sep=" "), "xmu.dat"))
    check(sample)


def test_chi_of_k_is_refused_by_name(write: Write) -> None:
    """A .chik file has no energies."""
    path = write("#  k  chi\n" + table(ENERGY - 2449, VALUES, sep=" "), "a.dat")
    with pytest.raises(InputError, match=r"of mu\(E\) and not of chi\(k\)"):
        read(path)


def test_raw_counts_are_no_spectrum(write: Write) -> None:
    """What is not normalised by the monitor is not guessed."""
    path = write("# energy i0 itrans\n" + table(ENERGY, VALUES + 3, VALUES, sep=" "), "a.xdi")
    with pytest.raises(InputError, match="none of them a spectrum"):
        read(path)


def test_a_gap_in_one_column_fails_that_column_alone(write: Write) -> None:
    """The other spectra of the file are read."""
    lines = table(ENERGY, VALUES, VALUES).splitlines()
    lines[4] = lines[4].rpartition(",")[0] + ",nan"
    good, bad = read_spectra(write("energy_eV,a,b\n" + "\n".join(lines)), ROUTE, {})
    assert isinstance(good, Sample)
    assert isinstance(bad, Failure)
    assert "b: no value at 2454 eV (1 of 26 points)" in bad.error


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'no line' given last"),
        ("energy,xes\n", "columns of numbers expected"),
        ("energy_eV,xes\n" + table(ENERGY[:5], VALUES[:5]), "5 points given, at least 10"),
        ("energy_eV,xes\n" + table(ENERGY, VALUES * 0), "the same value 0 everywhere"),
        ("energy_eV,xes\n" + table(ENERGY - 2460, VALUES), "absolute ones expected"),
        ("energy_eV,xes\n2450,1\nfoo,2\n" + table(ENERGY, VALUES), "line 3: 'foo,2' given"),
        ("energy_eV,xes\n2450,1\n2451,2,3\n" + table(ENERGY, VALUES), "line 3: '2451,2,3'"),
        ("energy_eV,xes\nnan,1\n" + table(ENERGY, VALUES), "energy missing at point 1"),
        ("energy_eV,xes\n2450,inf\n" + table(ENERGY[1:], VALUES[1:]), "no value at 2450 eV"),
        ("ab\0c", "no text"),
    ],
)
def test_what_is_no_spectrum_gives_one_line(write: Write, text: str, why: str) -> None:
    """Each names the file and what was expected."""
    path = write(text)
    with pytest.raises(InputError) as refusal:
        read_curve(path, {})
    assert why in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """A detector's raw stream under the name of a spectrum costs nothing."""
    path = tmp_path / "huge.dat"
    with path.open("wb") as file:
        file.truncate(10**9)
    with pytest.raises(InputError, match="over 100 MB of text"):
        read_curve(path, {})


def test_a_column_that_is_not_there_names_those_that_are(write: Write) -> None:
    """`--column` must be one of the labels."""
    with pytest.raises(InputError, match="no column 'flat'; it has xes"):
        read(write("energy_eV,xes\n" + table(ENERGY, VALUES)), column="flat")


def test_one_curve_is_wanted_where_a_table_names_a_file(write: Write) -> None:
    """Several in one file ask for `--column`."""
    with pytest.raises(InputError, match="spectra a, b given, one expected"):
        read_curve(write("energy_eV,a,b\n" + table(ENERGY, VALUES, VALUES)), {})


def test_header_fields_and_old_encodings_are_read(tmp_path: Path) -> None:
    """Fields are known by their names in lower case; latin-1 is read where UTF-8 is not."""
    path = tmp_path / "a.xdi"
    path.write_bytes("# Sample.name: 5 µm film\n# energy µ\n1 2\n3 4\n".encode("latin-1"))
    found = read_columns(path)
    assert found.fields["sample.name"] == "5 µm film"
    assert found.labels == ("energy", "µ")
    assert found.values.tolist() == [[1, 2], [3, 4]]
