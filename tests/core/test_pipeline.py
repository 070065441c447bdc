"""Every input is counted once and committed in order, whatever goes wrong on the way."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xmodkit import pipeline
from xmodkit.errors import StoreError, UsageError
from xmodkit.job import Job, Progress
from xmodkit.modelfile import read_model_file, write_model_file
from xmodkit.output import OutputPaths
from xmodkit.pair import Failure, Options, Route, Sample
from xmodkit.pipeline import run
from xmodkit.store import StoreReader, StoreWriter

KEYS = ["in", "out", "failed", "skipped", "novel", "device", "samples_per_s", "model", "store"]


def ids(job: Job) -> list[str]:
    return [str(name) for name in StoreReader(job.paths.store).read("sample_id")]


def failed(job: Job) -> list[str]:
    if not job.paths.failed.exists():
        return []
    return [json.loads(line)["id"] for line in job.paths.failed.read_text().splitlines()]


def test_what_goes_in_comes_out_or_is_listed_as_failed(job: Callable[..., Job], folder):
    inputs = folder(a="10;bad;30", b="crash", c="250;40 9", d="13")
    (inputs / "notes.txt").write_text("x")
    task = job(inputs, inputs / "nowhere.lines")
    summary = run(task).to_json()
    assert list(summary) == KEYS
    assert (summary["in"], summary["out"], summary["failed"]) == (8, 4, 4)
    assert (summary["skipped"], summary["novel"], summary["device"]) == (1, 1, "cpu")
    assert (summary["model"], summary["store"]) == ("tiny.onnx", str(task.paths.store))
    assert ids(task) == ["a-0", "a-2", "c-0", "c-1"]
    assert failed(task) == ["a-1", "b.lines", "d-0", "nowhere.lines"]
    assert StoreReader(task.paths.store).closed


def test_stored_values_are_the_model_s_own(job, folder):
    task = job(folder(a="10;250;40 9"))
    run(task)
    reader = StoreReader(task.paths.store)
    np.testing.assert_allclose(reader.read("level"), [[10] * 3, [250] * 3, [40] * 3])
    np.testing.assert_allclose(reader.read("level_lower"), [[0] * 3, [np.nan] * 3, [30] * 3])
    np.testing.assert_allclose(reader.read("brightness"), [10, 250, 40])
    assert list(reader.read("brightness_status")) == ["value", "above", "value"]
    np.testing.assert_allclose(reader.read("novelty"), [10, 250, 40])
    assert list(reader.read("novel")) == [False, True, False]
    assert list(reader.read("bounds_source")) == ["simulated", "none", "simulated"]
    assert reader.attributes["route"] == "scan:level"
    assert reader.attributes["model_hash"] == task.predictor.identity


def test_samples_are_committed_in_input_order_whichever_is_read_first(
    job, pair, folder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pipeline, "WINDOW", 3)
    read = pair.read

    def slow_first(path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        time.sleep(0.2 if path.stem == "f0" else 0)
        return read(path, route, options)

    monkeypatch.setattr(pair, "read", slow_first)
    files = {f"f{i}": f"{i + 20} {1 + i % 3};{i + 20} {1 + i % 2}" for i in range(12)}
    task = job(folder(**files), threads=4, batch_size=2)
    run(task)
    expected = [(f"f{i}-{j}", i + 20) for i in range(12) for j in range(2)]
    assert ids(task) == [name for name, _ in expected]
    levels = StoreReader(task.paths.store).read("level")[:, 0]
    np.testing.assert_allclose(levels, [level for _, level in expected])


def test_progress_counts_up_to_the_end_and_notices_are_passed_on_once_per_file(
    job, pair, folder, monkeypatch: pytest.MonkeyPatch
):
    read = pair.read

    def noticing(path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        for sample in read(path, route, options):
            yield replace(sample, notices=("grey made RGB", "turned"))

    monkeypatch.setattr(pair, "read", noticing)
    inputs = folder(a="10;20;30", b="10")
    states: list[Progress] = []
    said: list[str] = []
    run(job(inputs), states.append, said.append)
    assert states[-1] == Progress(2, 2, 4, 0)
    files = (inputs / "a.lines", inputs / "b.lines")
    assert said == [f"{path}: {text}" for path in files for text in ("grey made RGB", "turned")]


def test_nothing_to_read_makes_no_store(job, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    task = job(tmp_path / "empty")
    assert run(task).to_json()["in"] == 0
    assert not task.paths.store.exists()


def test_when_all_inputs_fail_there_is_no_store_but_a_list(job, folder):
    task = job(folder(a="bad", b="crash"))
    summary = run(task)
    assert (summary.out, summary.failed) == (0, 2)
    assert not task.paths.store.exists()
    assert failed(task) == ["a-0", "b.lines"]


@pytest.mark.parametrize("at", [1, 3])
def test_an_error_of_the_writer_surfaces_and_what_was_committed_before_is_kept(
    job, folder, monkeypatch: pytest.MonkeyPatch, at: int
):
    monkeypatch.setattr(pipeline, "WINDOW", 2)
    append, calls = StoreWriter.append, iter(range(1, 100))

    def full(self: StoreWriter, *args: object, **more: object) -> None:
        if next(calls) == at:
            raise StoreError("out.zarr: cannot be written: no space left on device")
        append(self, *args, **more)

    monkeypatch.setattr(StoreWriter, "append", full)
    task = job(folder(**{f"f{i}": "10;20" for i in range(40)}))
    with pytest.raises(StoreError, match="no space left"):
        run(task)
    assert not [t for t in threading.enumerate() if t.name.startswith("xmodkit-")]
    reader = StoreReader(task.paths.store)
    assert len(reader) == 2 * (at - 1)
    monkeypatch.undo()
    run(replace(task, resume=True))
    assert ids(task) == [f"f{i}-{j}" for i in range(40) for j in range(2)]


def test_an_error_of_the_predictor_surfaces(job, folder, monkeypatch: pytest.MonkeyPatch):
    task = job(folder(a="10"))

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("device lost")

    monkeypatch.setattr(task.predictor, "run", broken)
    with pytest.raises(RuntimeError, match="device lost"):
        run(task)
    assert not [t for t in threading.enumerate() if t.name.startswith("xmodkit-")]


def test_an_option_that_means_nothing_ends_the_run(job, folder):
    with pytest.raises(UsageError, match="--brighter"):
        run(job(folder(a="10", b="usage")))


def interrupt_after(pair, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the consumer see a Ctrl-C when it comes to a file."""
    read = pair.read

    def reading(path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        if path.stem == name:
            raise KeyboardInterrupt
        return read(path, route, options)

    monkeypatch.setattr(pair, "read", reading)


def test_an_interrupted_run_says_so_keeps_what_was_committed_and_is_resumed(
    job, pair, folder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pipeline, "WINDOW", 2)
    inputs = folder(**{f"f{i}": "10;20" for i in range(9)})
    with monkeypatch.context() as patch:
        interrupt_after(pair, patch, "f5")
        first = run(job(inputs))
    assert first.interrupted
    assert first.out == 10
    task = job(inputs, resume=True)
    second = run(task)
    assert not second.interrupted
    assert (second.out, second.skipped, second.failed) == (8, 5, 0)
    assert ids(task) == [f"f{i}-{j}" for i in range(9) for j in range(2)]


def test_a_run_that_stopped_within_a_file_does_the_rest_of_it(
    job, pair, folder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pipeline, "WINDOW", 2)
    inputs = folder(a="10;20;30;40;50", b="60")
    read = pair.read

    def stops(path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        for sample in read(path, route, options):
            if sample.ordinal == 3:
                raise KeyboardInterrupt
            yield sample

    with monkeypatch.context() as patch:
        patch.setattr(pair, "read", stops)
        assert run(job(inputs)).out == 2
    task = job(inputs, resume=True)
    assert run(task).to_json()["in"] == 4
    assert ids(task) == ["a-0", "a-1", "a-2", "a-3", "a-4", "b-0"]


def test_resuming_a_finished_run_skips_everything_and_changes_nothing(job, folder):
    inputs = folder(a="10;20", b="30")
    task = job(inputs)
    run(task)
    log = (task.paths.store / "commits/journal/log.jsonl").read_bytes()
    again = run(replace(task, resume=True)).to_json()
    assert (again["in"], again["out"], again["skipped"]) == (0, 0, 2)
    assert (task.paths.store / "commits/journal/log.jsonl").read_bytes() == log


def test_an_input_whose_end_was_not_committed_is_skipped_and_then_known_as_finished(
    job, folder, monkeypatch: pytest.MonkeyPatch
):
    """A kill between a sample's commit and that of its file's end leaves this behind."""
    inputs = folder(a="10")
    task = job(inputs)
    append = StoreWriter.append
    with monkeypatch.context() as patch:
        patch.setattr(
            StoreWriter,
            "append",
            lambda self, rows, *, keys=(), finished=(): append(self, rows, keys=keys),
        )
        run(task)
    assert not StoreReader(task.paths.store).finished
    again = run(replace(task, resume=True))
    assert (again.out, again.skipped) == (0, 1)
    assert len(StoreReader(task.paths.store).finished) == 1
    assert ids(task) == ["a-0"]


def test_inputs_that_failed_are_tried_again(job, folder):
    inputs = folder(a="10;bad;30", b="bad")
    task = job(inputs)
    assert run(task).failed == 2
    folder(b="50")
    second = run(job(inputs, resume=True))
    assert (second.out, second.failed, second.skipped) == (1, 1, 0)
    assert failed(task) == ["a-1"]
    assert ids(task) == ["a-0", "a-2", "b-0"]


def test_an_input_that_changed_is_a_new_input(job, folder):
    inputs = folder(a="10", b="20")
    run(job(inputs))
    folder(a="11")
    task = job(inputs, resume=True)
    assert run(task).to_json()["in"] == 1
    assert ids(task) == ["a-0", "b-0", "a-0"]
    np.testing.assert_allclose(StoreReader(task.paths.store).read("brightness"), [10, 20, 11])


def test_resuming_before_there_is_a_store_begins_one(job, folder):
    task = job(folder(a="10"), resume=True)
    assert run(task).out == 1


def test_resuming_with_another_model_is_refused(job, pair, folder, tmp_path: Path):
    inputs = folder(a="10", b="20")
    run(job(inputs))
    file = read_model_file(pair.model)
    other = tmp_path / "other.onnx"
    write_model_file(other, file.data, replace(file.metadata, plugin_version="2"))
    with pytest.raises(UsageError, match=r"was made with model_hash .* resume with the same"):
        run(job(inputs, model_file=other, resume=True))
    assert run(job(inputs, resume=True)).skipped == 2


@pytest.mark.parametrize("change", [{"options": {"brighter": 1}}, {"keep_inputs": True}])
def test_resuming_with_other_options_is_refused(job, folder, change: dict):
    inputs = folder(a="10", b="20")
    run(job(inputs))
    with pytest.raises(UsageError, match="was made with"):
        run(job(inputs, resume=True, **change))
    assert run(job(inputs, resume=True)).skipped == 2


def test_options_that_do_not_change_what_is_read_may_differ_on_resuming(job, folder):
    inputs = folder(a="10", b="20")
    run(job(inputs, options={"brighter": None}))
    changed = {"batch_size": 3, "threads": 1, "pictures": 2, "model": "renamed.onnx"}
    assert run(job(inputs, resume=True, **changed)).skipped == 2


def test_two_runs_cannot_write_one_store(job, folder):
    inputs = folder(a="10")
    task = job(inputs)
    run(task)
    with (
        StoreWriter.resume(task.paths.store),
        pytest.raises(StoreError, match="is being written by process"),
    ):
        run(replace(task, resume=True))


def test_a_store_can_be_predicted_from_and_kept_inputs_predicted_again(job, folder, tmp_path: Path):
    inputs = folder(a="10;20 9", b="30")
    kept = job(inputs, keep_inputs=True)
    run(kept)
    again = job(kept.paths.store, paths=OutputPaths.at(tmp_path / "again"))
    assert run(again).out == 3
    assert ids(again) == ids(kept)
    for name in ("level", "level_upper", "brightness"):
        np.testing.assert_array_equal(
            StoreReader(again.paths.store).read(name), StoreReader(kept.paths.store).read(name)
        )


def test_pictures_are_of_the_first_samples_also_over_a_resume(
    job, pair, folder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pipeline, "WINDOW", 1)
    inputs = folder(**{f"f{i}": str(10 * i) for i in range(1, 7)})
    with monkeypatch.context() as patch:
        interrupt_after(pair, patch, "f4")
        run(job(inputs, pictures=5))
    task = job(inputs, pictures=5, resume=True)
    run(task)
    cards = sorted(path.name for path in (task.paths.figures / "cards").iterdir())
    assert cards == [f"{i:06d}.png" for i in range(5)]
    assert (task.paths.figures / "sheet-1.png").is_file()


def test_without_pictures_there_is_no_folder_for_them(job, folder):
    task = job(folder(a="10"))
    run(task)
    assert not task.paths.figures.exists()


def test_the_files_a_pair_writes_lie_beside_the_store(
    job, pair, folder, monkeypatch: pytest.MonkeyPatch
):
    def write(self, sample: Sample, prediction, into: Path) -> list[Path]:
        path = into / f"{sample.id}.txt"
        path.write_text(f"{prediction.value[0]:.0f}")
        return [path]

    monkeypatch.setattr(type(pair), "write", write)
    task = job(folder(a="10;20"))
    run(task)
    found = {path.name: path.read_text() for path in task.paths.files.iterdir()}
    assert found == {"a-0.txt": "10", "a-1.txt": "20"}
