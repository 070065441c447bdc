"""Generation draws as many images as asked for, all of which explain one frame."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from xmodkit.errors import InputError, UsageError
from xmodkit.pair import Generation, Sample
from xmodkit.predictor import ModelPredictor
from xmodkit.store import StoreReader
from xmodkit_cli.main import cli
from xmodkit_saxs_sem import generate as module
from xmodkit_saxs_sem.modalities import SEM
from xmodkit_saxs_sem.pair import SaxsSem

PAIR = SaxsSem()


@pytest.fixture(scope="module")
def frame(film: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a frame as a text file."""
    path = tmp_path_factory.mktemp("frame") / "block.dat"
    saxs = film.arrays["saxs"]
    columns = np.stack([saxs[name].ravel() for name in ("qx", "qy", "intensity")], axis=1)
    np.savetxt(path, columns, header="Qx (1/nm) Qy (1/nm) I")
    return path


@pytest.fixture(scope="module")
def predictor(morphology_model: Path) -> ModelPredictor:
    return ModelPredictor(morphology_model, "cpu")


def made(predictor: ModelPredictor, frame: Path, seed: int = 0, **options: object) -> Generation:
    return PAIR.generate(predictor, seed, {"from": frame, "n": 7, **options})


def test_members_are_samples_that_say_how_they_were_made(predictor: ModelPredictor, frame: Path):
    found = made(predictor, frame, 4)
    assert len(found.samples) == 7
    for sample in found.samples:
        SEM.check(sample.arrays["sem"])
    last = found.samples[-1]
    assert (last.id, last.metadata["seed"], last.metadata["novel"]) == ("block-7", 10, False)
    assert last.metadata["domain_spacing"] == pytest.approx(36, abs=4)
    assert last.metadata["from"] == str(frame)
    assert list(found.pictures) == ["members", "two-point"]


def test_a_large_ensemble_is_the_same_as_one_drawn_at_once(
    predictor: ModelPredictor, frame: Path, monkeypatch: pytest.MonkeyPatch
):
    def images() -> np.ndarray:
        return np.stack([s.arrays["sem"]["micrograph"] for s in made(predictor, frame).samples])

    whole = images()
    monkeypatch.setattr(module, "_CHUNK", 3)
    np.testing.assert_array_equal(images(), whole)


def test_spread_says_how_far_members_differ(predictor: ModelPredictor, frame: Path):
    images = [s.arrays["sem"]["micrograph"] for s in made(predictor, frame, spread=0.0).samples]
    assert all((image == images[0]).all() for image in images)


def test_a_missing_or_unreadable_frame_is_refused(
    predictor: ModelPredictor, frame: Path, tmp_path: Path
):
    with pytest.raises(UsageError, match="--from is missing"):
        PAIR.generate(predictor, 0, {})
    with pytest.raises(UsageError, match="no such file"):
        made(predictor, tmp_path / "none.dat")
    broken = tmp_path / "broken.dat"
    broken.write_text("no numbers")
    with pytest.raises(InputError, match=r"broken\.dat"):
        made(predictor, broken)


def test_a_model_of_another_route_is_refused(scattering_model: Path, frame: Path):
    with pytest.raises(UsageError, match="saxs:sem expected"):
        made(ModelPredictor(scattering_model, "cpu"), frame)


def test_the_command_writes_a_store_and_pictures(
    morphology_model: Path, frame: Path, tmp_path: Path
):
    out = tmp_path / "made.zarr"
    arguments = ["generate", "--model", morphology_model, "--from", frame, "-n", 4, "-o", out]
    ran = CliRunner().invoke(
        cli, [*map(str, arguments), "--json", "--seed", "2"], standalone_mode=False
    )
    assert ran.exception is None, ran.exception
    summary = json.loads(ran.stdout.splitlines()[-1])
    assert (summary["out"], summary["novel"]) == (4, 0)
    assert len(summary["pictures"]) == 2
    reader = StoreReader(out)
    rows = list(reader.samples())
    assert rows[0]["micrograph"].shape == (96, 96)
    assert rows[0]["sample_id"] == "block-1"
