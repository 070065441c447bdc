"""`xmod train` refuses what it must before it reads anything, and says what a run says."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from xmodkit import plugins


@pytest.fixture
def tiny(monkeypatch):
    """Return the tiny pair's module, and let it be all that is installed."""
    path = Path(__file__).parents[1] / "core" / "train" / "tiny.py"
    spec = importlib.util.spec_from_file_location("tiny", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(plugins, "pair", lambda name: module.Tiny())
    return module


@pytest.fixture
def args(tiny, tmp_path) -> list[str]:
    store = tiny.write_store(tmp_path / "s.zarr", list(tiny.Tiny().simulate(300, 0, {})))
    return ["train", "--plugin", "tiny", str(store), "--epochs", "2"]


def test_a_run_prints_its_settings_and_metrics_and_leaves_its_files(xmod, args, tmp_path):
    ran = xmod(*args, "--out", "run", "--json", "--split-by", "sample")
    assert ran.code == 0, ran.err
    printed = json.loads(ran.out)
    assert printed["settings"] == json.loads((tmp_path / "run" / "run.json").read_text())
    assert printed["settings"]["split"]["by"] == "sample"
    assert "answer" in printed["metrics"]
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"split.csv", "losses.csv", "run.json", "weights.safetensors"} <= names
    modes = {path.stat().st_mode for path in (tmp_path / "run").iterdir() if path.is_file()}
    assert len(modes) == 1  # whoever may read one file of a run may read all


def test_a_finished_run_is_replaced_only_if_asked_and_resuming_it_does_nothing(xmod, args):
    assert xmod(*args, "--out", "run").code == 0
    refused = xmod(*args, "--out", "run")
    assert refused.code == 2
    assert "--overwrite" in refused.err
    resumed = xmod(*args, "--out", "run", "--resume")
    assert (resumed.code, "answer" in resumed.out) == (0, True)
    other = xmod(*args, "--out", "run", "--resume", "--seed", "9")
    assert (other.code, "seed 0, now 9" in other.err) == (2, True)
    split = ["--split", "./run/split.csv"]
    assert xmod(*args, "--out", "run", "--resume", *split).code == 0
    by = xmod(*args, "--out", "run", "--resume", "--split-by", "sample")
    assert (by.code, "split by plate, now sample" in by.err) == (2, True)
    longer = xmod(*args, "--out", "run", "--resume", "--epochs", "3")
    assert (longer.code, "epochs [2], now [3]" in longer.err) == (2, True)
    assert xmod(*args, "--out", "run", "--overwrite").code == 0


@pytest.mark.parametrize(
    "shares", ["1", "0.5,0.5", "0.6,0.03,0.12,0.3", "a,b,c,d", "1,0,0,0", "nan,0.1,0.1,0.8"]
)
def test_fractions_that_are_no_four_shares_are_refused(xmod, args, shares):
    ran = xmod(*args, "--out", "run", "--fractions", shares)
    assert ran.code == 2
    assert "four positive numbers" in ran.err


def test_fractions_decide_the_size_of_each_part(xmod, args):
    words = ["--split-by", "sample", "--fractions", "0.3,0.3,0.2,0.2", "--json"]
    split = json.loads(xmod(*args, "--out", "run", *words).out)["settings"]["split"]
    assert 60 < split["validation"] < 120


def test_too_few_calibration_rows_for_bounds_are_told_before_training(xmod, args):
    assert "bounds" not in xmod(*args, "--out", "run").err
    few = xmod(*args, "--out", "few", "--split-by", "sample", "--fractions", ".5,.2,.02,.28")
    assert few.code == 0
    assert re.search(r"calibration has \d rows, 19 needed: bounds of signal:answer", few.err)


def test_an_unknown_model_is_refused_with_those_there_are(xmod, args):
    ran = xmod(*args, "--out", "run", "--model", "nothing")
    assert (ran.code, "tiny, other" in ran.err) == (2, True)
    assert not Path("run").exists()


def test_resume_and_overwrite_together_are_refused(xmod, args):
    assert xmod(*args, "--out", "run", "--resume", "--overwrite").code == 2


def test_folds_cross_fit_and_the_output_says_so(xmod, args):
    ran = xmod(*args, "--out", "run", "--folds", "3", "--route", "signal:answer")
    assert ran.code == 0, ran.err
    assert "fold 2 of 3" in ran.err
    assert "cross-fitted, 3 folds by plate: scores are out-of-fold" in ran.err
    assert "answer r2_pooled:" in ran.out
    assert xmod(*args, "--out", "run", "--resume", "--folds", "3").code == 0
    other = xmod(*args, "--out", "run", "--resume", "--folds", "4")
    assert (other.code, "folds 3, now 4" in other.err) == (2, True)


def test_a_route_that_the_pair_lacks_is_refused(xmod, args):
    refused = xmod(*args, "--out", "run", "--route", "answer:signal")
    assert (refused.code, "it has signal:answer" in refused.err) == (2, True)
    with_split = xmod(*args, "--out", "run", "--folds", "3", "--split", "split.csv")
    assert (with_split.code, "--folds with --split" in with_split.err) == (2, True)
