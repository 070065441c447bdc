"""`xmod evaluate` judges a run, writes a report and says what it left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from xmodkit.train import Run


def test_a_report_and_its_numbers(
    xmod: Callable, trained: Callable[[str], Run], painted_store: Path, tmp_path: Path
):
    run = trained("vae+aspm").folder
    ran = xmod("evaluate", run, painted_store, "--report", "out/report.html", "--json")
    assert ran.code == 0, ran.err
    (line,) = ran.out.splitlines()
    assert json.loads(line) == json.loads((tmp_path / "out/report.json").read_text())
    assert (tmp_path / "out/report.html").read_text().startswith("<!DOCTYPE html>")
    assert "train rows of vae+aspm" in ran.err
    again = xmod("evaluate", run, painted_store, "--report", "out/report.html")
    assert again.code == 2
    assert "--overwrite" in again.err
    seal = (run / "run.json").read_bytes()
    over = xmod("evaluate", run, painted_store, "--report", run / "run.html")
    assert (over.code, "run.json: exists already" in over.err) == (2, True)
    assert (run / "run.json").read_bytes() == seal
    assert xmod("evaluate", run, painted_store, "--report", "out/r.json").code == 2


def test_a_folder_without_a_run_is_named(xmod: Callable, painted_store: Path, tmp_path: Path):
    ran = xmod("evaluate", tmp_path, painted_store)
    assert ran.code == 1
    assert "no finished run" in ran.err


def test_help_shows_an_example(xmod: Callable):
    ran = xmod("evaluate", "--help")
    assert "Example: xmod evaluate" in ran.out
