"""From simulated crystals to a file that runs: slow, for whole networks are exported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("torch")
pytest.importorskip("pymatgen")
pytest.importorskip("onnxscript")

from xmodkit.predictor import ModelPredictor
from xmodkit.store import StoreReader
from xmodkit_cli.main import cli
from xmodkit_crystal.generate.space import LatentSpace

EXAMPLES = Path(__file__).parents[2] / "examples" / "crystals"


def xmod(*words: str | Path) -> str:
    done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_model_of_crystals_without_energies_is_trained_exported_and_run(tmp_path: Path):
    """It learns, says nothing of stability, and its files pass every check."""
    store, run, file = tmp_path / "vo.zarr", tmp_path / "run", tmp_path / "crystal-latent.onnx"
    xmod("simulate", "--plugin", "crystal", "-n", "150", "--seed", "1", "--out", store)
    xmod("train", "--plugin", "crystal", store, "--epochs", "2", "--out", run)
    rows = [line.split(",") for line in (run / "losses.csv").read_text().splitlines()[1:]]
    images = [float(row[3]) for row in rows if row[0] == "images"]
    assert images[-1] < 0.8 * images[0]
    xmod("export", run, "-o", file)
    assert "FAILED" not in xmod("verify", file)
    told = xmod("infer", "--model", file, EXAMPLES, "--out", tmp_path / "out.zarr", "--json")
    assert json.loads(told.splitlines()[-1])["out"] == 5
    found = StoreReader(tmp_path / "out.zarr")
    assert np.isfinite(found.read("latent")).all()
    assert np.isnan(found.read("stability")).all()
    decoder = tmp_path / "latent-crystal.onnx"
    xmod("export", run, "--route", "latent:crystal", "-o", decoder)
    assert "FAILED" not in xmod("verify", decoder)
    space = LatentSpace.of(ModelPredictor(decoder))
    drawn = space.random(20, 0, 2)  # where the crystals lie that it has learned from
    known = space.without_elements(found.read("latent").astype(float))
    assert space.clusters is not None  # else latents would be drawn at large
    cells, learned = drawn[:, : space.start], known[:, : space.start]
    assert (cells.std(axis=0) > 0).all()
    assert np.abs(drawn[:, space.start :]).mean() < 3 * np.abs(known[:, space.start :]).mean()
    assert (np.abs(cells - learned.mean(axis=0)) < 5 + 5 * learned.std(axis=0)).all()
