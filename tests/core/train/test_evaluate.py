"""Judging a run uses rows it never saw, and its numbers are those of its predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from xmodkit import plugins
from xmodkit.content import content_hash
from xmodkit.errors import DataError
from xmodkit.evaluation import TRAINING_MEAN, Evaluation
from xmodkit.pair import ModalityPair, Sample
from xmodkit.records import held, sample_columns, sample_rows
from xmodkit.report.numbers import evaluation_numbers
from xmodkit.store import StoreWriter
from xmodkit.train import Run
from xmodkit.train.evaluate import EvaluationJob, evaluate
from xmodkit.train.splits import Splits


@pytest.fixture(scope="module")
def pair() -> ModalityPair:
    return plugins.pair("uvvis")


@pytest.fixture(scope="module")
def evaluation(
    trained: Callable[[str], Run], painted_store: Path, pair: ModalityPair
) -> Evaluation:
    runs = tuple(trained(model).folder for model in ("vae+aspm", "vae", "cvae"))
    return evaluate(EvaluationJob(pair, runs, painted_store))


def _write(path: Path, samples: list[Sample], pair: ModalityPair) -> Path:
    modalities = held(samples[0], pair.modalities)
    with StoreWriter.create(path, sample_columns(modalities)) as writer:
        writer.append(sample_rows(samples, modalities))
    return path


def test_every_judged_sample_is_a_test_row(evaluation: Evaluation, trained: Callable[[str], Run]):
    splits = Splits.load(trained("vae+aspm").folder / "split.csv")
    judged = {content_hash(sample) for sample in evaluation.samples}
    assert judged == splits.contents_of("test")
    assert sum(evaluation.left_out.values()) == len(splits.ids) - len(judged)


def test_the_prediction_is_that_of_the_run_with_its_bounds(
    evaluation: Evaluation, trained: Callable[[str], Run]
):
    import torch

    scan = evaluation.samples[3].arrays["scan"]["scan"][None]
    with torch.no_grad():
        value, lower, upper, *_ = trained("vae+aspm").graph()(torch.from_numpy(scan))
    row = evaluation.prediction[3]
    for found, expected in ((row.value, value), (row.lower, lower), (row.upper, upper)):
        np.testing.assert_allclose(found, expected[0].numpy(), atol=1e-5)


def test_floors_stand_beside_the_run(evaluation: Evaluation):
    assert list(evaluation.peers) == ["vae+aspm", "mean RGB ridge", TRAINING_MEAN]
    scores = evaluation_numbers(evaluation)["fields"]["absorption"]["peers"]
    assert scores["mean RGB ridge"]["r2_mean"] > 0.5  # colours follow spectra here
    assert scores[TRAINING_MEAN]["r2_mean"] < 0.05
    assert scores[TRAINING_MEAN]["pearson_mean"] is None


def test_numbers_are_split_by_whether_a_group_was_trained_on(evaluation: Evaluation):
    plates = evaluation_numbers(evaluation)["by_group"]["plate"]
    assert plates["seen_in_training"]["samples"] == 0  # split by plate
    assert plates["never_seen"]["samples"] == len(evaluation.samples)


def test_a_store_of_training_rows_alone_leaves_nothing(
    trained: Callable[[str], Run], painted_store: Path, pair: ModalityPair, tmp_path: Path, paint
):
    run = trained("vae+aspm").folder
    splits = Splits.load(run / "split.csv")
    known = [s for s, part in zip(paint(160), splits.parts, strict=True) if part == "train"]
    renamed = [replace(s, id=f"new-{s.id}", groups={"plate": "new"}) for s in known[:5]]
    store = _write(tmp_path / "seen.zarr", renamed, pair)
    with pytest.raises(DataError, match="5 train rows"):
        evaluate(EvaluationJob(pair, (run,), store))


def test_a_store_without_training_rows_is_judged_against_its_own_mean(
    trained: Callable[[str], Run], pair: ModalityPair, tmp_path: Path, paint
):
    fresh = [replace(s, groups={"plate": f"new-{s.id}"}) for s in paint(24, seed=9)]
    store = _write(tmp_path / "new.zarr", fresh, pair)
    found = evaluate(EvaluationJob(pair, (trained("vae+aspm").folder,), store))
    assert len(found.samples) == 24
    assert list(found.peers) == ["vae+aspm", TRAINING_MEAN]
    numbers = evaluation_numbers(found)
    assert numbers["reference_samples"] == 0
    assert numbers["fields"]["absorption"]["peers"][TRAINING_MEAN]["r2_mean"] == pytest.approx(0)


def test_a_route_without_bounds_is_judged_too(
    trained: Callable[[str], Run], painted_store: Path, pair: ModalityPair
):
    found = evaluate(EvaluationJob(pair, (trained("vae").folder,), painted_store))
    numbers = evaluation_numbers(found)["fields"]["scan"]
    assert found.prediction.value.shape == (len(found.samples), 64, 64, 3)
    assert "bounds" not in numbers
    assert numbers["peers"]["vae"]["mae"] > 0
