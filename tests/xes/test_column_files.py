"""Column files hold what was predicted, under a header that other programs take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xmodkit.modality import Axis
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value
from xmodkit_xes.column_files import write_columns
from xmodkit_xes.combine import combine_sites
from xmodkit_xes.reading.spectra import read_curve

pytest.importorskip("ase")

ENERGIES = np.linspace(8980, 9040, 31)
AXIS = Axis("xanes_energy", len(ENERGIES), "eV", tuple(ENERGIES))


def sample(name: str = "cuo", source: str = "a/cuo.cif") -> Sample:
    structure = {"numbers": np.array([29, 8, 29], np.int32), "sites": np.array([0, 2], np.int32)}
    return Sample(name, {"structure": structure}, source)


def prediction(*, novel: bool = False) -> Prediction:
    curve = np.stack([np.arctan(ENERGIES - 8990), np.arctan(ENERGIES - 8992)]) + 2
    width = np.nan if novel else 0.2
    rows = Prediction(
        {"xanes": Value(curve, curve - width, curve + width, axes=(AXIS,))},
        novelty=np.ones(2),
        novel=np.full(2, novel),
        bounds_source=np.full(2, "none" if novel else "simulated"),
    )
    return combine_sites([sample()], rows, [0, 0])[0]


def test_columns_are_energy_mean_bounds_and_sites_by_their_atoms(tmp_path: Path):
    found = prediction()
    (path,) = write_columns(sample(), found, tmp_path)
    lines = path.read_text().splitlines()
    labels = [line for line in lines if line.startswith("#")][-1]
    assert lines[0].startswith("# XDI/1.0")
    assert labels == "# energy mu lower upper site_0 site_2"
    table = np.loadtxt(path)
    np.testing.assert_allclose(table[:, 0], ENERGIES)
    np.testing.assert_allclose(table[:, 1], found.value, rtol=1e-6)
    np.testing.assert_allclose(table[:, 4:].T, found.fields["xanes_sites"].value, rtol=1e-6)


def test_our_reader_of_measured_spectra_takes_the_predicted_one(tmp_path: Path):
    found = prediction()
    (path,) = write_columns(sample(), found, tmp_path)
    curve = read_curve(path, {})
    np.testing.assert_allclose(curve.energy, ENERGIES)
    np.testing.assert_allclose(curve.values, found.value, rtol=1e-6)
    assert curve.fields["element.symbol"] == "Cu"


def test_a_novel_structure_has_no_columns_of_bounds(tmp_path: Path):
    (path,) = write_columns(sample(), prediction(novel=True), tmp_path)
    text = path.read_text()
    assert "lower" not in text
    assert "novel: unlike the training structures" in text
    assert np.isfinite(np.loadtxt(path)).all()


def test_samples_of_one_name_get_files_of_their_own_and_a_repeat_the_same(tmp_path: Path):
    found = prediction()
    first = write_columns(sample(), found, tmp_path)
    second = write_columns(sample(source="b/cuo.cif"), found, tmp_path)
    third = write_columns(replace(sample(), ordinal=1), found, tmp_path)
    assert len({*first, *second, *third}) == 3
    assert write_columns(sample(source="b/cuo.cif"), found, tmp_path) == second


def test_names_that_are_no_file_names_are_mended(tmp_path: Path):
    (path,) = write_columns(sample("../a b/c\nd"), prediction(), tmp_path)
    assert path.parent == tmp_path / "spectra"
    assert "\nd" not in path.read_text()


def test_a_prediction_without_spectrum_writes_nothing(tmp_path: Path):
    fit = Prediction({"positions": Value(np.zeros((3, 3)))})
    assert write_columns(sample(), fit, tmp_path) == ()
