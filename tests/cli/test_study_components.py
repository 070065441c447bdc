"""`xmod study components` finds the one direction on which planted spectra depend."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("ase")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")

from PIL import Image

from xmodkit import plugins
from xmodkit.pair import Sample
from xmodkit.records import held, sample_columns, sample_rows
from xmodkit.store import StoreWriter

ENERGY = np.linspace(520.0, 530.0, 12)


def _water(n: int) -> list[Sample]:
    """Return water molecules; the position of their one peak follows the angle alone."""
    random = np.random.default_rng(0)
    samples = []
    for i in range(n):
        bonds, angle = random.normal(0.97, 0.05, 2), np.radians(random.normal(105, 10))
        directions = np.array([[1, 0, 0], [np.cos(angle), np.sin(angle), 0]])
        centre = 525 + 1.5 * np.tanh(3 * (angle - np.radians(105)))
        peak = np.exp(-((ENERGY - centre) ** 2) / 2)
        structure = {
            "numbers": np.array([8, 1, 1], np.int32),
            "positions": np.vstack([[0, 0, 0], bonds[:, None] * directions]).astype(np.float32),
            "cell": np.zeros((3, 3), np.float32),
            "sites": np.array([0], np.int32),
        }
        samples.append(
            Sample(
                f"w{i}",
                {"structure": structure, "xes": {"xes": peak.astype(np.float32)}},
                metadata={"absorber": "O", "simulated": True, "data": "planted peaks"},
                groups={"unit": str(i // 2)},
                coordinates={"xes_energy": tuple(ENERGY)},
            )
        )
    return samples


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of 300 water molecules."""
    path = tmp_path_factory.mktemp("water") / "water.zarr"
    samples = _water(300)
    modalities = held(samples[0], plugins.pair("xes").modalities)
    with StoreWriter.create(path, sample_columns(modalities)) as writer:
        writer.append(sample_rows(samples, modalities))
    return path


@pytest.fixture
def study(xmod: Callable, store: Path) -> Callable:
    """Return a function that runs the study with one component."""
    given = ["--plugin", "xes", store, "--k", "1", "--out", "s", "--json"]
    return lambda *more: xmod("study", "components", *given, *more)


def test_networks_find_the_planted_direction_and_a_study_goes_on(study: Callable, tmp_path: Path):
    ran = study()
    assert ran.code == 0, ran.err
    summary = json.loads(ran.out.splitlines()[-1])
    covered = {line["method"]: line["test"] for line in summary["lines"]}
    assert min(covered[name] for name in ("EDNN", "NNCA", "ECA")) > 0.95
    assert covered["NNCA"] > covered["PLS"] > covered["PCA"]  # a bent line, a straight one, neither
    assert covered["emulator"] > 0.95
    assert covered["training mean"] == pytest.approx(0, abs=0.05)
    with np.load(tmp_path / "s/fits/NNCA-1.npz") as fit:
        assert abs(fit["basis"][0]) == pytest.approx([0, 0, 1], abs=0.1)  # the angle
    followed = summary["rank correlations"]["NNCA k=1"]
    assert abs(followed["angle H-O-H / degrees"][0]) > 0.98
    assert abs(followed["short O-H / Å"][0]) < 0.3

    with (tmp_path / "s/table.csv").open(newline="") as file:
        assert {row["method"] for row in csv.DictReader(file)} == {*covered}
    for name in ("covered", "basis-nnca", "sensitivity", "scores"):
        with Image.open(tmp_path / "s" / f"{name}.png") as picture:
            assert picture.format == "PNG"

    (tmp_path / "s/fits/PCA-1.npz").unlink()  # killed before it was written
    assert study().code == 2  # a study is there
    again = study("--resume")
    assert again.code == 0, again.err
    assert json.loads(again.out.splitlines()[-1])["lines"][1] == summary["lines"][1]  # not again
    refused = study("--resume", "--seed", "1")
    assert refused.code == 2
    assert "another seed" in refused.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--k", "0"], "--k '0'"),
        (["--k", "1,1"], "different numbers"),
        (["--spectrum", "xps"], "it holds xes"),
        (["--window", "520,530"], "--target moments"),
        (["--split-by", "plate"], "split by unit or sample"),
        (["--target", "moments", "--window", "530,520"], "--window"),
    ],
)
def test_what_cannot_be_studied_is_refused(study: Callable, words: list[str], message: str):
    ran = study(*words)
    assert ran.code in (1, 2)
    assert message in ran.err
    assert not Path("s/table.csv").exists()


def test_a_pair_without_the_study_says_so(xmod: Callable, store: Path):
    ran = xmod("study", "components", "--plugin", "uvvis", store, "--out", "s")
    assert ran.code == 2
    assert "uvvis has no study 'components'" in ran.err


def test_the_help_shows_the_study_and_its_options(xmod: Callable):
    assert "components" in xmod("study", "--help").out
    shown = xmod("study", "components", "--plugin", "xes", "--help").out
    for option in ("--k", "--spectrum", "--target", "--descriptor", "--search", "--resume"):
        assert option in shown
