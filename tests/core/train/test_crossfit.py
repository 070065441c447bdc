"""Cross-fitting: every row is judged by a model that never saw it, and the final one knows all."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from xmodkit.errors import DataError, UsageError  # noqa: E402
from xmodkit.model import Stage  # noqa: E402
from xmodkit.prediction import Derived  # noqa: E402
from xmodkit.train import Run, TrainJob, train  # noqa: E402
from xmodkit.train.card import model_card  # noqa: E402
from xmodkit.train.evaluate import EvaluationJob, evaluate  # noqa: E402
from xmodkit.train.folds import folds_by_group  # noqa: E402
from xmodkit.train.outcomes import joined, load_outcomes, save_outcomes  # noqa: E402
from xmodkit.train.raw import Outcome  # noqa: E402
from xmodkit.train.splits import Splits  # noqa: E402
from xmodkit.train.unseen import Seen  # noqa: E402

FOLDS = 4


@pytest.fixture(scope="module")
def job(ragged, ragged_store, tmp_path_factory) -> TrainJob:
    out = tmp_path_factory.mktemp("runs") / "run"
    return TrainJob(ragged.Ragged(), "closed", ragged_store, out, folds=FOLDS)


@pytest.fixture(scope="module")
def run(job: TrainJob) -> Run:
    return train(job)


def dealt(count: int = 3, *, validate: bool = False, seed: int = 0):
    ids = [f"s{i}" for i in range(60)]
    groups = [f"g{i // 4}" for i in range(60)]
    return folds_by_group(ids, groups, ids, seed, count, validate=validate)


def test_no_group_lies_in_two_folds_and_folds_are_of_a_size():
    folds = dealt()
    places = {(g, n) for g, n in zip(folds.groups, folds.folds, strict=True)}
    assert len(places) == len(set(folds.groups)) == 15
    assert [len(folds.held(i)) for i in range(3)] == [20, 20, 20]


def test_groups_of_common_content_share_a_fold():
    ids = [f"s{i}" for i in range(12)]
    contents = ["same", *ids[1:11], "same"]
    folds = folds_by_group(ids, ids, contents, 0, 3, validate=False)
    assert folds.folds[0] == folds.folds[11]


def test_another_seed_deals_otherwise_and_the_same_seed_alike():
    assert dealt(seed=1).folds == dealt(seed=1).folds
    assert dealt(seed=1).folds != dealt(seed=2).folds
    assert dealt(seed=1).hash != dealt(seed=2).hash


def test_rows_to_stop_by_are_in_every_fold_where_a_stage_needs_them():
    folds = dealt(validate=True)
    for i in range(3):
        training, validation = folds.without(i, "train"), folds.without(i, "validation")
        assert len(validation)
        assert sorted([*training, *validation, *folds.held(i)]) == list(range(60))
    assert not len(dealt()["validation"])


def test_too_few_groups_for_the_folds_are_refused():
    with pytest.raises(DataError, match="15 groups, 16 needed for 16 folds"):
        dealt(16)


def test_the_table_of_folds_says_every_rows_part_and_fold(run: Run, ragged_samples):
    with (run.folder / "split.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["sample_id"] for row in rows] == [sample.id for sample in ragged_samples]
    assert {row["fold"] for row in rows} == {"1", "2", "3", "4"}
    assert {row["part"] for row in rows} == {"train"}
    assert Splits.load(run.folder / "split.csv").ids[0] == rows[0]["sample_id"]


def test_every_row_calibrates_and_scores(run: Run, ragged_samples):
    assert run.calibration.rows == len(ragged_samples)
    scores = run.metrics["curve"]
    assert scores["samples"] == len(ragged_samples)
    assert len(scores["r2_pooled_by_fold"]) == FOLDS
    assert abs(np.mean(scores["r2_pooled_by_fold"]) - scores["r2_pooled"]) < 0.05
    assert scores["r2_pooled"] > 0.5 > 0.05 > scores["r2_pooled_of_training_mean"]
    assert abs(scores["coverage"] - 0.9) < 0.04


def test_averages_are_calibrated_as_averages(run: Run):
    scores = run.metrics["curve per molecule"]
    assert scores["groups"] == 100
    assert abs(scores["coverage"] - 0.9) < 0.05
    assert run.calibration.average["curve"] != 1
    assert Run.load(run.folder, run.pair).calibration == run.calibration


def test_the_final_model_is_fitted_on_all_rows(run: Run, job: TrainJob, ragged_samples):
    model = run.model
    prepared = [model.prepare(sample) for sample in ragged_samples]
    arrays = {name: np.stack([row[name] for row in prepared]) for name in prepared[0]}
    other = type(model)(model.energies, model.routes[0], model.ridge, model.k)
    other.end("fit", arrays)
    torch.testing.assert_close(
        other.networks["linear"].weight, model.networks["linear"].weight, rtol=1e-4, atol=1e-5
    )


def test_a_fold_is_predicted_by_a_model_that_never_saw_it(run: Run, ragged_samples):
    from safetensors.torch import load_file

    weights = [
        load_file(run.folder / "folds" / str(i + 1) / "weights.safetensors")["linear.weight"]
        for i in range(FOLDS)
    ]
    for i, one in enumerate(weights):
        assert not torch.equal(one, run.model.networks["linear"].weight)
        assert all(not torch.equal(one, other) for other in weights[:i])


def test_settings_say_that_it_is_cross_fitted(run: Run):
    split = json.loads((run.folder / "run.json").read_text())["split"]
    assert (split["folds"], split["by"], split["train"]) == (FOLDS, "molecule", 300)


def test_the_card_says_out_of_fold_and_names_the_data(run: Run, tmp_path: Path):
    pytest.importorskip("onnxscript")
    from xmodkit import plugins
    from xmodkit.train import write_model

    path = tmp_path / "model.onnx"
    metadata = write_model(run, run.pair, plugins.exporter("onnx"), path)
    card = model_card(path.name, metadata)
    assert "cross-fitted, 4 folds by molecule" in card
    assert "## Out-of-fold scores" in card
    assert "- Sums of Gaussians. Licence of the data: CC0-1.0." in card
    assert "r2 pooled by fold" in card
    assert "Test rows" not in card


def test_judging_it_on_its_own_rows_is_refused_and_says_where_its_scores_stand(run, ragged_store):
    with pytest.raises(DataError, match=r"cross-fitted and knows every row.*metrics\.json"):
        evaluate(EvaluationJob(run.pair, (run.folder,), ragged_store))


def test_it_is_judged_on_further_rows(run: Run, ragged, tmp_path: Path):
    samples = [
        replace(s, id=f"x{s.id}", groups={"molecule": f"x{s.groups['molecule']}"})
        for s in ragged.Ragged().simulate(60, 9, {})
    ]
    found = evaluate(
        EvaluationJob(run.pair, (run.folder,), ragged.write_store(tmp_path / "s.zarr", samples))
    )
    assert len(found.samples) == 60
    assert Seen.load(run.folder, "molecule").part("other", {"molecule": "m001"}).startswith("share")


def test_an_interrupted_training_goes_on_with_the_fold_it_was_in(job: TrainJob, run: Run, tmp_path):
    made = []

    def stop(what: str, _: int) -> None:
        made.append(what)
        if what.startswith("fold 3"):
            raise KeyboardInterrupt

    other = replace(job, out=tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        train(other, progress=stop)
    done = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "run/folds").iterdir()}
    assert set(done) == {"1", "2"}
    again = train(replace(other, resume=True))
    assert json.loads(json.dumps(again.metrics)) == json.loads(json.dumps(run.metrics))
    for name, before in done.items():
        assert (tmp_path / "run/folds" / name).stat().st_mtime_ns == before


def test_folds_of_another_training_are_refused(job: TrainJob, run: Run, tmp_path: Path):
    def stop(what: str, _: int) -> None:
        if what.startswith("fold 2"):
            raise KeyboardInterrupt

    other = replace(job, out=tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        train(other, progress=stop)
    with pytest.raises(UsageError, match="other data, model or settings"):
        train(replace(other, resume=True, seed=5))
    with pytest.raises(UsageError, match="cross-fitted; --resume with its --folds"):
        train(replace(other, resume=True, folds=None))
    assert train(replace(other, overwrite=True, folds=None)).settings["split"]["test"] > 0
    assert not (tmp_path / "run/folds").exists()


@pytest.mark.parametrize(
    "given",
    [
        {"folds": 2},
        {"folds": 3, "split": Path("s")},
        {"folds": 3, "start": Path("r")},
        {"folds": 3, "fractions": {"train": 0.7, "test": 0.3}},
    ],
)
def test_what_folds_cannot_go_with_is_refused(job: TrainJob, given: dict):
    with pytest.raises(UsageError, match="--folds"):
        replace(job, **given)


def test_stages_with_patience_stop_by_rows_kept_back_for_it(tiny, tiny_store, tmp_path: Path):
    class Patient(tiny.TinyModel):
        def __init__(self) -> None:
            super().__init__()
            code, head = self.stages
            self.stages = (replace(code, epochs=1), replace(head, epochs=2, patience=1))

    class Pair(tiny.Tiny):
        def models(self):
            return {"tiny": Patient}

    run = train(TrainJob(Pair(), "tiny", tiny_store, tmp_path / "run", folds=3))
    split = run.settings["split"]
    assert split["validation"] > 0
    assert split["train"] + split["validation"] == 300
    assert run.calibration.rows == 300


def test_without_patience_the_last_epoch_is_kept(tiny, tiny_store, tmp_path: Path):
    epochs = []
    job = TrainJob(tiny.Tiny(), "tiny", tiny_store, tmp_path / "run", folds=3, epochs=2)
    run = train(job, epochs.append)
    assert run.settings["split"]["validation"] == 0
    assert all(np.isnan(epoch.validation) for epoch in epochs)
    assert len(epochs) == 4 * 2 * 2
    assert (run.folder / "losses.png").exists()
    assert run.model.stages[0] == Stage("code", ("encoder", "decoder"), 2, 1e-2, batch_size=16)


def test_outcomes_survive_a_file(tmp_path: Path):
    array = np.arange(6, dtype=np.float32).reshape(3, 2)
    groups = np.array(["a", "a", "b"])
    scalar = Derived(array[:, 1], unit="eV", status=np.array(["value", "above", "none"]))
    one = Outcome(
        {"y": array}, {"y": array + 1}, {"y": array + 2}, array[:, 0], groups, {}, {"gap": scalar}
    )
    save_outcomes(tmp_path / "o.npz", {"a:y": one, "b:y": replace(one, truth={})}, {"seed": 0})
    found = load_outcomes(tmp_path / "o.npz", {"seed": 0})
    assert found is not None
    assert list(found) == ["a:y", "b:y"]
    assert found["b:y"].truth == {}
    both = joined([one, found["a:y"]])
    np.testing.assert_array_equal(both.value["y"], np.concatenate([array + 1] * 2))
    assert list(both.groups) == [*groups, *groups]
    assert both.scalars["gap"].unit == "eV"
    assert both.scalars["gap"].strength is None
    assert list(both.scalars["gap"].status) == ["value", "above", "none"] * 2
