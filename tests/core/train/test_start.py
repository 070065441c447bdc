"""A run may start from another's weights, and may be split as another was."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from xmodkit.errors import DataError, InputError, StoreError, UsageError  # noqa: E402
from xmodkit.reading import samples_in_store  # noqa: E402
from xmodkit.train import Run, TrainJob, train  # noqa: E402
from xmodkit.train.unseen import Seen, StoreIndex, choose_rows  # noqa: E402


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


def test_what_a_run_before_the_run_had_learned_from_is_refused_and_never_judged(
    job, first, tiny, tiny_store, tmp_path
):
    others = [
        replace(sample, id=f"o-{sample.id}", groups={"plate": f"o-{sample.groups['plate']}"})
        for sample in tiny.Tiny().simulate(300, 9, {})
    ]
    elsewhere = replace(
        job, model="other", start=first, store=tiny.write_store(tmp_path / "o.zarr", others)
    )
    second = train(replace(elsewhere, out=tmp_path / "second")).folder
    with pytest.raises(DataError, match=r"trained on \d+ samples"):
        train(replace(job, start=second, seed=1, out=tmp_path / "third"))
    index = StoreIndex.of(
        samples_in_store(tiny_store, job.pair, job.pair.route(), every_modality=True)
    )
    seen = {content for content, part in Seen.load(first, "plate").parts.items() if part == "train"}
    judged, left_out = choose_rows(index, [Seen.load(second, "plate")], "all-unseen")
    assert judged
    assert not seen & {index.contents[i] for i in judged}
    assert left_out["train rows of second"] >= len(seen)


def test_a_split_that_leaves_a_part_empty_is_refused(job, first, tmp_path):
    path = tmp_path / "split.csv"
    path.write_text((first / "split.csv").read_text().replace(",validation", ",train"))
    with pytest.raises(DataError, match="no sample is in validation"):
        train(replace(job, split=path, out=tmp_path / "run"))


def test_overwriting_keeps_the_old_run_until_the_new_one_is_sure_to_begin(job, first, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(first, folder)
    with pytest.raises(StoreError):
        train(replace(job, store=tmp_path / "none.zarr", out=folder, overwrite=True))
    assert (folder / "run.json").exists()
    (folder / "routes" / "gone").mkdir(parents=True)
    split = folder / "split.csv"
    train(replace(job, split=split, out=folder, overwrite=True))
    assert split.read_text() == (first / "split.csv").read_text()
    assert not (folder / "routes").exists()


def test_overwriting_leaves_a_folder_alone_that_holds_no_run(job, tmp_path):
    mine = tmp_path / "cache" / "mine"
    mine.parent.mkdir()
    mine.touch()
    train(replace(job, out=tmp_path, overwrite=True))
    assert mine.exists()


def test_a_damaged_run_is_named(job, first, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(first, folder)
    for name in ("weights.safetensors", "quantiles.npz", "run.json"):
        (folder / name).write_text("[]")
        with pytest.raises(InputError, match="not a finished run of tiny"):
            Run.load(folder, job.pair)
        shutil.copy(first / name, folder / name)


def _split(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())["split"]
