"""Measured pairs give the pair's model files bounds of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from xmodkit.modelfile import read_model_file
from xmodkit.pair import Sample
from xmodkit.records import sample_columns, sample_rows
from xmodkit.store import StoreWriter
from xmodkit.verify import verify
from xmodkit_cli.main import cli
from xmodkit_saxs_sem.modalities import SAXS, SEM, STATISTICS

pytest.importorskip("torch")  # binarises and resamples what was measured


@pytest.fixture(scope="module")
def store(measured_films: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("measured") / "films.zarr"
    with StoreWriter.create(path, sample_columns((SAXS, SEM))) as writer:
        writer.append(sample_rows(measured_films, (SAXS, SEM)))
    return path


def calibrated(model: Path, store: Path, out: Path) -> dict[str, Any]:
    """Calibrate a model file and return the summary."""
    arguments = ["calibrate", str(model), str(store), "-o", str(out), "--group", "none", "--json"]
    result = CliRunner().invoke(cli, arguments, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    summary: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return summary


def test_statistics_of_ensembles_and_what_they_tell_get_bounds(
    store: Path, morphology_model: Path, tmp_path: Path
):
    out = tmp_path / "site.onnx"
    summary = calibrated(morphology_model, store, out)
    assert (summary["source"], summary["pairs"], summary["units"]) == ("local", 24, 24)
    assert summary["left_out"] == 0
    known = summary["quantities"]
    for name in (field.name for field in STATISTICS):
        assert known[name]["coverage_before"] < 0.9  # the stand-in is no good model
        assert known[name]["half_width_after"] > 2 * known[name]["half_width_before"]
    for name in ("area_fraction", "domain_spacing", "orientation"):
        assert known[name]["half_width_after"] >= known[name]["mae"] > 0
    calibration = read_model_file(out).metadata.calibration
    assert (calibration.source, calibration.rows) == ("local", 24)
    assert [check.name for check in verify(out) if not check.ok] == []


def test_log_intensity_counts_only_where_it_was_measured(
    store: Path, scattering_model: Path, tmp_path: Path
):
    """The beam stop of every frame is NaN in its truth: no row is left out for it."""
    out = tmp_path / "site.onnx"
    summary = calibrated(scattering_model, store, out)
    found = summary["quantities"]["log_intensity"]
    assert (summary["left_out"], found["rows"]) == (0, 24)
    assert found["coverage_before"] < 0.1
    assert 0.1 < found["mae"] < found["half_width_after"] < 0.5
    assert [check.name for check in verify(out) if not check.ok] == []
