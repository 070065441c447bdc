"""Training on a store learns something, keeps its parts apart and exports what it learned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("colour")

from xmodkit import plugins  # noqa: E402
from xmodkit.errors import DataError, InputError  # noqa: E402
from xmodkit.model import Stage  # noqa: E402
from xmodkit.pair import ModalityPair  # noqa: E402
from xmodkit.predictor import ModelPredictor  # noqa: E402
from xmodkit.records import held, sample_columns, sample_rows  # noqa: E402
from xmodkit.store import StoreWriter  # noqa: E402
from xmodkit.train import Run, TrainJob, fit, train, write_model  # noqa: E402
from xmodkit.verify import verify  # noqa: E402
from xmodkit_uvvis.models import VaeAspm  # noqa: E402

SAMPLES = 600


@pytest.fixture(scope="module")
def pair() -> ModalityPair:
    return plugins.pair("uvvis")


@pytest.fixture(scope="module")
def store(pair: ModalityPair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("train") / "samples.zarr"
    samples = [  # small plates, so that every part of the split has some
        replace(s, groups={"plate": str(i // 10)})
        for i, s in enumerate(pair.simulate(SAMPLES, 5, {}))
    ]
    modalities = held(samples[0], pair.modalities)
    with StoreWriter.create(path, sample_columns(modalities)) as writer:
        writer.append(sample_rows(samples, modalities))
    return path


@pytest.fixture(scope="module")
def run(pair: ModalityPair, store: Path) -> Run:
    job = TrainJob(pair, "density", store, store.parent / "run", seed=1, epochs=10)
    return train(job)


def test_a_short_training_beats_the_training_mean(run: Run):
    scores = run.metrics["absorption"]
    assert scores["r2_mean"] > 0.3
    assert scores["mae"] < 0.8 * scores["mae_of_training_mean"]


def test_losses_fall_in_every_stage(run: Run):
    lines = (run.folder / "losses.csv").read_text().splitlines()[1:]
    rows = [line.split(",") for line in lines]
    assert {row[0] for row in rows} == {"readers", "scale"}
    for stage in ("readers", "scale"):
        losses = [float(row[3]) for row in rows if row[0] == stage]
        assert losses[-1] < losses[0], stage


def test_a_run_loaded_again_computes_the_same(run: Run, pair: ModalityPair):
    image = torch.from_numpy(run.vectors[0]["scan"][None])
    with torch.no_grad():
        expected = run.graph()(image)
        found = Run.load(run.folder, pair).graph()(image)
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(one, other, equal_nan=True)


def test_the_exported_file_verifies_and_names_its_data(
    run: Run, pair: ModalityPair, tmp_path: Path
):
    path = tmp_path / "model.onnx"
    write_model(run, pair, plugins.exporter("onnx"), path)
    assert [check for check in verify(path) if not check.ok] == []
    metadata = ModelPredictor(path, "cpu").metadata
    assert metadata.training["data"]["samples"] == SAMPLES
    assert metadata.calibration.source == "simulated"
    card = path.with_suffix(".md").read_text()
    assert "rests on simulated data" in card
    assert f"{SAMPLES:,} samples" in card


def test_the_same_seed_trains_the_same_weights(pair: ModalityPair):
    rng = np.random.default_rng(0)
    rows = {
        "scan": rng.integers(0, 256, (40, 3, 64, 64), dtype=np.uint8),
        "absorption": rng.random((40, 220), np.float32),
    }
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        model = VaeAspm()
        model.stages = tuple(replace(stage, epochs=1) for stage in model.stages)
        fit(model, rows, rows, seed=3)
        states.append(model.networks.state_dict())
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], msg=name)


def test_a_loss_that_is_not_finite_names_the_stage(pair: ModalityPair):
    model = VaeAspm()
    model.stages = (Stage("aspm", ("spectrum",), epochs=1),)
    rows = {
        "scan": np.zeros((4, 3, 64, 64), np.uint8),
        "absorption": np.full((4, 220), np.nan, np.float32),
    }
    with pytest.raises(DataError, match="stage aspm, epoch 1"):
        fit(model, rows, rows, seed=0)


def test_a_folder_without_a_run_is_named(pair: ModalityPair, tmp_path: Path):
    with pytest.raises(InputError, match="not a finished run"):
        Run.load(tmp_path, pair)


def test_the_published_layers_have_23851_parameters():
    model = VaeAspm()
    count = sum(p.numel() for n in ("encoder", "decoder") for p in model.networks[n].parameters())
    assert count == 23_851


def test_settings_tell_data_split_and_versions(run: Run):
    settings = json.loads((run.folder / "run.json").read_text())
    assert settings["data"]["source"] == "simulated"
    assert len(settings["split"]["hash"]) == 64
    assert settings["split"]["train"] > settings["split"]["calibration"] > 0
    assert settings["versions"]["torch"]
