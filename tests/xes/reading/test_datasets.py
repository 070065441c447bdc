"""A table joins structures with their spectra, line by line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xmodkit.errors import UsageError
from xmodkit.pair import Failure, Sample
from xmodkit_xes.modalities import STRUCTURE, XES
from xmodkit_xes.reading.datasets import Grids, is_table
from xmodkit_xes.reading.raw import read_raw

pytest.importorskip("ase")
pytest.importorskip("scipy")

ENERGY = np.linspace(2450.0, 2475.0, 26)
H2S = "3\nhydrogen sulfide\nS 0 0 0\nH 0.96 0.92 0\nH -0.96 0.92 0\n"


def spectrum(path: Path, centre: float, energy: np.ndarray = ENERGY) -> None:
    values = np.exp(-0.5 * ((energy - centre) / 2) ** 2)
    rows = [f"{e:.6f},{v:.9f}" for e, v in zip(energy, values, strict=True)]
    path.write_text("energy_eV,xes\n" + "\n".join(rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.xyz").write_text(H2S)
    (tmp_path / "two.xyz").write_text(H2S.replace("0.92", "0.97"))
    spectrum(tmp_path / "one.csv", 2465.0)
    spectrum(tmp_path / "two.csv", 2466.0, np.linspace(2449.0, 2476.0, 46))
    return tmp_path


def read(
    folder: Path, header: str, *lines: str, **options: object
) -> tuple[list[Sample], list[Failure]]:
    (folder / "samples.csv").write_text("\n".join([header, *lines]) + "\n")
    items = list(read_raw(sorted(folder.iterdir()), options))
    return [i for i in items if isinstance(i, Sample)], [i for i in items if isinstance(i, Failure)]


def test_a_line_is_a_structure_with_its_spectra(folder: Path) -> None:
    """Files are found beside the table; other columns are kept as what is known."""
    samples, failures = read(
        folder,
        "sample_id,structure,absorber,xes,temperature,simulated",
        "A,one.xyz,S,one.csv,300 K,yes",
        "B,two.xyz,S,two.csv,310 K,",
    )
    assert not failures
    first, second = samples
    assert [first.id, second.id] == ["A", "B"]
    STRUCTURE.check(first.arrays["structure"])
    assert first.arrays["structure"]["sites"].tolist() == [0]
    assert first.metadata["temperature"] == "300 K"
    assert (first.metadata["simulated"], second.metadata["simulated"]) == (True, False)
    assert first.metadata["absorber"] == "S"
    assert first.groups == {"unit": "H2S1", "structure": "one", "system": "H-S"}


def test_all_spectra_lie_on_the_first_one_s_energies(folder: Path) -> None:
    """The second curve, on a grid of its own, is interpolated onto that of the first."""
    samples, _ = read(folder, "structure,site,xes", "one.xyz,0,one.csv", "two.xyz,0,two.csv")
    for sample, centre in zip(samples, (2465, 2466), strict=True):
        XES.at(sample.coordinates).check(sample.arrays["xes"])
        np.testing.assert_allclose(sample.coordinates["xes_energy"], ENERGY)
        truth = np.exp(-0.5 * ((ENERGY - centre) / 2) ** 2)
        np.testing.assert_allclose(sample.arrays["xes"]["xes"], truth, atol=0.01)


def test_the_grid_may_be_asked_for(folder: Path) -> None:
    """`--energies xes=2455:2470:16` is that of all; a curve that does not reach it fails."""
    lines = ("structure,site,xes", "one.xyz,0,one.csv", "two.xyz,0,two.csv")
    samples, _ = read(folder, *lines, energies=("xes=2455:2470:16",))
    assert samples[0].coordinates["xes_energy"] == tuple(np.linspace(2455, 2470, 16))
    samples, failures = read(folder, *lines, energies=("xes=2449:2470:22",))
    assert [sample.groups["structure"] for sample in samples] == ["two"]
    assert "curve from 2450.00 to 2475.00 eV given, 2449.00" in failures[0].error


def test_spectra_are_normalised_on_the_common_grid(folder: Path) -> None:
    """With `--normalise area` every curve integrates to one there, also on a coarse grid."""
    lines = ("structure,site,xes", "one.xyz,0,one.csv", "two.xyz,0,two.csv")
    grid = np.linspace(2455, 2474, 5)
    samples, _ = read(folder, *lines, energies=("xes=2455:2474:5",), normalise="area")
    for sample in samples:
        assert np.trapezoid(sample.arrays["xes"]["xes"], grid) == pytest.approx(1, rel=1e-5)


def test_a_coarse_grid_takes_the_mean_of_what_lies_around_each_energy(folder: Path) -> None:
    """A line between two energies of the grid is not lost."""
    curve = np.exp(-0.5 * ((np.linspace(2450, 2475, 251) - 2462.5) / 0.2) ** 2)
    grids = Grids.of(["xes=2450:2475:6"])
    found = grids.put("xes", np.linspace(2450, 2475, 251), curve)
    assert found.sum() * 5 == pytest.approx(0.2 * np.sqrt(2 * np.pi), rel=1e-3)


@pytest.mark.parametrize("text", ["xes", "xes=1:2", "uv=1:2:3", "xes=3:2:10", "xes=a:b:c"])
def test_a_grid_that_is_none_is_a_mistake_of_usage(text: str) -> None:
    """The form is named."""
    with pytest.raises(UsageError, match="KIND=LOW:HIGH:POINTS expected"):
        Grids.of([text])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("one.xyz,C,one.csv", "no C to absorb"),
        ("none.xyz,S,one.csv", "none.xyz"),
        ("one.xyz,S,none.csv", "none.csv"),
        ("one.xyz,,one.csv", "neither site nor absorber given"),
        ("one.xyz,S,", "no file under xes"),
        ("one.xyz,S,one.csv,more", "4 values given, 3 as in the header"),
    ],
)
def test_a_line_that_cannot_be_read_fails_alone(folder: Path, line: str, why: str) -> None:
    """It names the table and its line; the next line is read."""
    samples, failures = read(folder, "structure,absorber,xes", line, "two.xyz,S,two.csv")
    assert [sample.groups["structure"] for sample in samples] == ["two"]
    assert why in failures[0].error
    assert "samples.csv, line 2" in failures[0].error
    assert "\n" not in failures[0].error


def test_files_that_no_table_names_are_said(folder: Path) -> None:
    """Nothing is passed over in silence."""
    samples, failures = read(folder, "structure,site,xes", "one.xyz,0,one.csv")
    assert len(samples) == 1
    assert [failure.id for failure in failures] == ["two.csv", "two.xyz"]
    assert all("no table names it" in failure.error for failure in failures)


def test_a_table_without_spectra_is_refused(folder: Path) -> None:
    """Its columns and those expected are named."""
    _, failures = read(folder, "structure,size", "one.xyz,3")
    assert "columns structure, size given" in failures[0].error


def test_a_table_is_known_by_its_column_structure(folder: Path) -> None:
    """A spectrum is no table of samples."""
    (folder / "t.tsv").write_text("Structure\tSite\tXES\n")
    assert is_table(folder / "t.tsv")
    assert not is_table(folder / "one.csv")
    assert not is_table(folder / "absent.csv")


def test_smiles_name_the_unit_and_give_conformers(folder: Path) -> None:
    """One skeleton is one unit; with `--conformers 2` each sample holds three geometries."""
    pytest.importorskip("rdkit")
    samples, failures = read(
        folder,
        "structure,site,xes,smiles",
        "one.xyz,0,one.csv,S",
        "two.xyz,0,two.csv,S",
        conformers=2,
    )
    assert not failures
    assert samples[0].groups["unit"] == samples[1].groups["unit"] == "RWSOTUBLDIXVET"
    assert samples[0].arrays["conformers"]["conformer_numbers"].shape == (3, 3)


def test_conformers_without_smiles_are_refused_line_by_line(folder: Path) -> None:
    """A crystal or an unknown molecule has none."""
    samples, failures = read(folder, "structure,site,xes", "one.xyz,0,one.csv", conformers=2)
    assert not samples
    assert "give the column smiles" in failures[0].error


def test_a_negative_number_of_conformers_is_a_mistake_of_usage(folder: Path) -> None:
    """Zero or more."""
    with pytest.raises(UsageError, match="--conformers -1"):
        read(folder, "structure,site,xes", "one.xyz,0,one.csv", conformers=-1)
