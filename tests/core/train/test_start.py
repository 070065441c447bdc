"""A run may start from another's weights, and may be split as another was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from xmodkit.errors import DataError, InputError, UsageError  # noqa: E402
from xmodkit.train import TrainJob, train  # noqa: E402


@pytest.fixture(scope="module")
def job(tiny, tiny_store, tmp_path_factory) -> TrainJob:
    return TrainJob(tiny.Tiny(), "tiny", tiny_store, tmp_path_factory.mktemp("runs") / "first")


@pytest.fixture(scope="module")
def first(job: TrainJob) -> Path:
    return train(job).folder


def test_stages_whose_networks_are_there_are_skipped_and_the_rest_trained(job, first, tmp_path):
    run = train(replace(job, model="other", start=first, out=tmp_path / "run"))
    lines = (run.folder / "losses.csv").read_text().splitlines()[1:]
    assert {line.split(",")[0] for line in lines} == {"head"}
    assert run.settings["started_from"] == str(first)
    one, other = (replace(job, model=model).pair.models()[model]() for model in ("tiny", "other"))
    from safetensors.torch import load_file

    one.networks.load_state_dict(load_file(first / "weights.safetensors"))
    other.networks.load_state_dict(load_file(run.folder / "weights.safetensors"))
    for name, value in one.networks["encoder"].state_dict().items():
        assert torch.equal(value, other.networks["encoder"].state_dict()[name])


def test_a_run_with_nothing_left_to_train_is_refused(job, first, tmp_path):
    with pytest.raises(UsageError, match="nothing is left to train"):
        train(replace(job, start=first, out=tmp_path / "run"))


def test_a_folder_that_holds_no_run_is_refused(job, tmp_path):
    with pytest.raises(InputError, match="not a finished run"):
        train(replace(job, model="other", start=tmp_path, out=tmp_path / "run"))


def test_starting_from_a_run_that_saw_the_test_rows_is_refused(job, first, tmp_path):
    other = replace(job, model="other", start=first, seed=1, out=tmp_path / "run")
    with pytest.raises(DataError, match=r"trained on \d+ samples .* --split"):
        train(other)
    run = train(replace(other, split=first / "split.csv", overwrite=True))
    assert _split(run.folder)["hash"] == _split(first)["hash"]
    assert (run.folder / "split.csv").read_text() == (first / "split.csv").read_text()


def test_the_split_of_another_run_is_refused_for_a_changed_store(
    job, first, tiny, samples, tmp_path
):
    changed = [replace(samples[0], arrays=samples[1].arrays), *samples[1:]]
    store = tiny.write_store(tmp_path / "s.zarr", changed)
    with pytest.raises(DataError, match="sample s0000 has changed"):
        train(replace(job, store=store, split=first / "split.csv", out=tmp_path / "run"))


def _split(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())["split"]
