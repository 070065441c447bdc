"""`xmod study data-efficiency` trains on disjoint subsets and goes on where it was killed."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from PIL import Image

from xmodkit.errors import UsageError
from xmodkit.train.study import PUBLISHED_PARTS, Parts, StudyJob, _subsets
from xmodkit.train.trainings import open_results

COLUMNS = ["share", "number", "samples", "r2_mean", "r2_min", "mae", "rmse", "seconds"]


@pytest.fixture
def study(xmod: Callable, painted_store: Path) -> Callable:
    """Return a function that runs a study of three short trainings."""
    given = ["--plugin", "uvvis", painted_store, "--model", "vae+aspm", "--epochs", 1]
    return lambda *more, parts="0.5x1,0.2x2": xmod(
        "study", "data-efficiency", *given, "--parts", parts, "--out", "s", "--json", *more
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_study_survives_a_kill_in_the_middle_of_a_line(study: Callable, tmp_path: Path):
    ran = study()
    assert ran.code == 0, ran.err
    summary = json.loads(ran.out.splitlines()[-1])
    assert [size["trainings"] for size in summary["sizes"]] == [2, 1]
    assert set(summary["baselines_r2"]) == {"mean RGB ridge", "training mean"}
    with Image.open(tmp_path / "s/r2.png") as picture:
        assert picture.format == "PNG"
    results = tmp_path / "s/results.csv"
    whole = _rows(results)
    assert list(whole[0]) == COLUMNS

    lines = results.read_bytes().splitlines(keepends=True)
    results.write_bytes(b"".join(lines[:2]) + lines[2][:9])  # killed while it wrote
    assert study().code == 2  # a study is there
    assert study("--resume").code == 0
    again = _rows(results)
    assert again[0] == whole[0]  # not trained again
    for one, other in zip(whole, again, strict=True):
        assert float(one["r2_mean"]) == pytest.approx(float(other["r2_mean"]), abs=1e-6)
    refused = study("--resume", parts="0.5x1")
    assert refused.code == 2
    assert "another parts" in refused.err


def test_subsets_of_one_size_are_disjoint():
    job = StudyJob(None, "", Path(), Path(), PUBLISHED_PARTS)  # type: ignore[arg-type]
    rows = np.arange(5000, 7000)
    for part in PUBLISHED_PARTS:
        found = [r for p, _, r in _subsets(job, rows) if p == part]
        together = np.concatenate(found)
        assert len(found) == part.count
        assert len(np.unique(together)) == len(together)
        assert set(together) <= set(rows)


def test_the_published_study_has_145_trainings():
    assert sum(part.count for part in PUBLISHED_PARTS) == 145
    assert Parts.parse("0.2x5,0.1x10,1/30x30,0.01x100") == PUBLISHED_PARTS


@pytest.mark.parametrize("text", ["0.2", "0.5x3", "0x2", "ax1", "0.1x0", "0.1x2,0.1x3"])
def test_parts_that_cannot_be_cut_are_refused(text: str):
    with pytest.raises(UsageError, match="--parts"):
        Parts.parse(text)


def test_results_of_no_study_are_left_alone(tmp_path: Path):
    (tmp_path / "results.csv").write_text("mine\n")
    with pytest.raises(UsageError, match="of no study"):
        open_results(tmp_path, {}, resume=False)
    assert (tmp_path / "results.csv").read_text() == "mine\n"
