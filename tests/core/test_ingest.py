"""Raw files become a store of samples: checked, each content once, and all of it after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from xmodkit import ingest as ingesting
from xmodkit.errors import UsageError
from xmodkit.ingest import Ingested, IngestJob, ingest
from xmodkit.inputs import find_inputs
from xmodkit.modality import Axis, Field, Modality
from xmodkit.output import OutputPaths
from xmodkit.pair import Failure, ModalityPair, Options, Route, Sample
from xmodkit.reading import samples_in_store
from xmodkit.store import StoreReader, StoreWriter


class Curves(ModalityPair):
    """Parts `LEVEL X...` of a file are a level and a curve on its own grid; `bad` fails."""

    name = "curves"
    modalities = (
        Modality("level", (Field("level", valid_range=(0, 100)),)),
        Modality("curve", (Field("curve", (Axis("x", unit="mm"),)),)),
    )
    routes = (Route("level", "curve"),)
    raw_suffixes = (".curves",)

    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        raise NotImplementedError

    def ingest(self, paths: Sequence[Path], options: Options) -> Iterator[Sample | Failure]:
        for path in paths:
            for number, part in enumerate(path.read_text().split(";")):
                name = f"{path.stem}-{number}"
                if part == "stop":
                    raise KeyboardInterrupt
                if part == "bad":
                    yield Failure(name, str(path), f"{path}: part {number} is bad", number)
                else:
                    level, *grid = map(float, part.split())
                    yield curve(name, path, number, level, tuple(grid))


def curve(name: str, path: Path, number: int, level: float, grid: tuple[float, ...]) -> Sample:
    arrays = {"level": {"level": np.array(level, np.float32)}}
    if grid:
        arrays["curve"] = {"curve": np.full(len(grid), level, np.float32)}
    return Sample(
        name,
        arrays,
        str(path),
        number,
        {"level": level},
        {"file": path.stem},
        notices=("levels taken as they are",),
        coordinates={"x": grid},
    )


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ingested]:
    """Return a function that ingests files, `name="part;part"`; what is said is in `said`."""
    raw = tmp_path / "raw"
    raw.mkdir()

    def run(resume: bool = False, options: Options | None = None, **files: str) -> Ingested:
        for name, parts in files.items():
            (raw / f"{name}.curves").write_text(parts)
        paths = OutputPaths.at(tmp_path / "out.zarr")
        job = IngestJob(Curves(), find_inputs([raw], (".curves",)), paths, options or {}, resume)
        run.said = []
        return ingest(job, notice=run.said.append)

    return run


def stored(tmp_path: Path) -> list[str]:
    return list(StoreReader(tmp_path / "out.zarr").read("sample_id"))


def test_every_sample_is_stored_with_all_it_has(run, tmp_path: Path):
    done = run(a="1 5 6;2 5 6", b="3 5 6")
    assert (done.out, done.failed, done.duplicates) == (3, 0, 0)
    samples = list(samples_in_store(tmp_path / "out.zarr", Curves(), Curves.routes[0]))
    assert [sample.id for sample in samples] == ["a-0", "a-1", "b-0"]
    assert samples[1].groups == {"file": "a"}
    assert samples[1].metadata == {"level": 2.0}
    assert samples[1].arrays["level"]["level"] == 2.0
    assert not (tmp_path / "out.failed.jsonl").exists()


def test_coordinates_that_the_plugin_leaves_open_stand_in_the_store_and_come_back(
    run, tmp_path: Path
):
    run(a="1 5 6.5")
    axis = StoreReader(tmp_path / "out.zarr").fields["curve"].axes[0]
    assert axis == Axis("x", 2, "mm", (5.0, 6.5))
    path, pair = tmp_path / "out.zarr", Curves()
    (sample,) = samples_in_store(path, pair, pair.routes[0], every_modality=True)
    assert sample.coordinates == {"x": (5.0, 6.5)}


def test_a_failure_stops_nothing_and_is_listed(run, tmp_path: Path):
    done = run(a="1 5;bad;2 5", b="3 5")
    assert (done.out, done.failed) == (3, 1)
    (line,) = (tmp_path / "out.failed.jsonl").read_text().splitlines()
    assert json.loads(line)["id"] == "a-1"
    assert [text for text in run.said if "part 1 is bad" in text]


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("nan 5", "NaN or infinite values"),
        ("101 5", "101 to 101 given, 0 to 100"),
        ("3", "holds level where the store holds level and curve"),
        ("3 6", "curve is on other coordinates than in the store"),
        ("3 5 6", "curve is on other coordinates than in the store"),
    ],
)
def test_a_sample_that_does_not_fit_fails_and_says_why(run, tmp_path: Path, part: str, why: str):
    done = run(a=f"1 5;{part};2 5")
    assert (done.out, done.failed) == (2, 1)
    failed = json.loads((tmp_path / "out.failed.jsonl").read_text())
    assert failed["id"] == "a-1"
    assert why in failed["error"]
    assert str(tmp_path / "raw/a.curves") in failed["error"]


def test_equal_content_is_stored_once_counted_and_named(run, tmp_path: Path):
    done = run(a="1 5;2 5;1 5", b="2 5;3 5")
    assert done.to_json() | {"store": ""} == {
        "in": 5,
        "out": 3,
        "failed": 0,
        "duplicates": 2,
        "skipped": 0,
        "store": "",
    }
    assert stored(tmp_path) == ["a-0", "a-1", "b-1"]
    assert [text for text in run.said if "a-2 has the content of a-0" in text]
    assert [text for text in run.said if "b-0 has the content of a-1" in text]


def test_the_same_notice_is_said_once(run):
    run(a="1 5;2 5", b="3 5")
    assert [text for text in run.said if "levels taken" in text] == run.said


def test_a_resumed_run_adds_what_is_new_tries_failures_again_and_knows_duplicates(
    run, tmp_path: Path
):
    run(a="1 5;bad;3 5")
    done = run(resume=True, a="1 5;2 5;3 5", b="3 5;4 5")
    assert (done.out, done.failed, done.duplicates, done.skipped) == (2, 0, 1, 2)
    assert stored(tmp_path) == ["a-0", "a-2", "a-1", "b-1"]
    assert [text for text in run.said if "b-0 has the content of a-2" in text]
    assert not (tmp_path / "out.failed.jsonl").exists()


def test_a_resumed_run_keeps_the_coordinates_of_the_store(run):
    run(a="1 5 6")
    done = run(resume=True, b="2 5 7;3 5 6")
    assert (done.out, done.failed) == (1, 1)


def test_a_file_changed_since_is_a_failure_and_never_a_second_sample_of_that_name(run):
    run(a="1 5")
    done = run(resume=True, a="2 5")
    assert (done.out, done.failed) == (0, 1)
    assert "another sample with other content is named a-0" in run.said[-1]


def test_a_store_made_with_other_options_is_not_resumed(run):
    run(a="1 5", options={"grid": "2x2"})
    with pytest.raises(UsageError, match="made with options"):
        run(resume=True, options={"grid": "3x3"})


def test_ctrl_c_keeps_what_was_committed_and_the_rest_can_be_resumed(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ingesting, "WINDOW", 2)
    done = run(a="1 5;2 5;3 5;stop")
    assert done.interrupted
    assert done.out == 2
    assert StoreReader(tmp_path / "out.zarr").closed
    done = run(resume=True, a="1 5;2 5;3 5;4 5")
    assert (done.out, done.skipped, done.interrupted) == (2, 2, False)
    assert stored(tmp_path) == ["a-0", "a-1", "a-2", "a-3"]


def test_absent_files_and_foreign_stores_are_failures(tmp_path: Path):
    (tmp_path / "a.curves").write_text("1 5")
    with StoreWriter.create(tmp_path / "old.zarr", [Field("other")]):
        pass
    files = [tmp_path / "gone.curves", tmp_path / "old.zarr", tmp_path / "a.curves"]
    said: list[str] = []
    paths = OutputPaths.at(tmp_path / "out.zarr")
    done = ingest(IngestJob(Curves(), find_inputs(files, ()), paths), notice=said.append)
    assert (done.out, done.failed) == (1, 2)
    assert "no such file" in said[0]
    assert "a store of curves samples expected" in said[-1]


def test_stores_are_merged_with_raw_files_and_what_is_twice_is_left_out(run, tmp_path: Path):
    run(a="1 5;2 5")
    (tmp_path / "b.curves").write_text("2 5;3 5")
    files = [tmp_path / "out.zarr", tmp_path / "b.curves"]
    paths = OutputPaths.at(tmp_path / "all.zarr")
    done = ingest(IngestJob(Curves(), find_inputs(files, ()), paths))
    assert (done.out, done.duplicates, done.failed) == (3, 1, 0)
    merged = {s.id: s for s in samples_in_store(paths.store, Curves(), Curves.routes[0])}
    assert set(merged) == {"b-0", "b-1", "a-0"}
    assert merged["a-0"].metadata == {"level": 1.0}
    assert merged["a-0"].groups == {"file": "a"}
    again = IngestJob(Curves(), find_inputs(files, ()), paths, resume=True)
    assert ingest(again).out == 0
