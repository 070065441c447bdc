"""A run finds its places, refuses what exists unless told, and never harms its own input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from xmodkit.errors import StoreError, UsageError
from xmodkit.modality import Field
from xmodkit.output import FailureLog, OutputPaths, default_output, make_folder
from xmodkit.pair import Failure
from xmodkit.store import StoreReader, StoreWriter


def write_store(path: Path) -> StoreWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = StoreWriter.create(path, [Field("level")])
    writer.append({"level": np.ones(1, np.float32)})
    return writer


@pytest.mark.parametrize(
    ("out", "store", "failed", "figures", "files"),
    [
        ("a/x.zarr", "a/x.zarr", "a/x.failed.jsonl", "a/x.figures", "a/x.files"),
        ("a/x", "a/x/store.zarr", "a/x/failed.jsonl", "a/x/figures", "a/x"),
        ("a/x.v2", "a/x.v2/store.zarr", "a/x.v2/failed.jsonl", "a/x.v2/figures", "a/x.v2"),
    ],
)
def test_a_name_ending_in_zarr_is_the_store_and_any_other_a_folder(
    out: str, store: str, failed: str, figures: str, files: str
):
    assert OutputPaths.at(Path(out)) == OutputPaths(*map(Path, (store, failed, figures, files)))


def test_the_default_output_is_named_after_the_first_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert default_output(Path("data/scans/"), "uvvis") == Path("scans.uvvis")
    assert default_output(Path("data/a.png"), "uvvis") == Path("a.png.uvvis")
    assert default_output(Path(), "uvvis") == Path(f"{tmp_path.name}.uvvis")
    assert default_output(Path(".."), "uvvis") == Path(f"{tmp_path.parent.name}.uvvis")


@pytest.mark.parametrize("out", ["x.zarr", "x", "deep/er/x.zarr", "deep/er/x"])
def test_what_exists_is_refused_naming_both_ways_out(tmp_path: Path, out: str):
    paths = OutputPaths.at(tmp_path / out)
    paths.prepare(resume=False, overwrite=False)
    write_store(paths.store).close()
    with pytest.raises(UsageError, match=r"exists already; --resume .* --overwrite"):
        paths.prepare(resume=False, overwrite=False)
    paths.prepare(resume=True, overwrite=False)
    assert len(StoreReader(paths.store)) == 1
    paths.figures.mkdir()
    paths.failed.write_text("{}")
    paths.prepare(resume=False, overwrite=True)
    assert not any(place.exists() for place in (paths.store, paths.figures, paths.failed))


def test_both_ways_out_at_once_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="give one of them"):
        OutputPaths.at(tmp_path / "x.zarr").prepare(resume=True, overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("resume", [False, True])
def test_what_is_no_store_of_ours_is_never_touched(tmp_path: Path, resume: bool, overwrite: bool):
    theirs = tmp_path / "x.zarr" / "thesis.tex"
    theirs.parent.mkdir()
    theirs.write_text("years of work")
    with pytest.raises(UsageError):
        OutputPaths.at(theirs.parent).prepare(resume=resume, overwrite=overwrite)
    assert theirs.read_text() == "years of work"


def test_what_an_interrupted_creation_left_is_no_obstacle(tmp_path: Path):
    paths = OutputPaths.at(tmp_path / "x.zarr")
    (paths.store / "commits/journal").mkdir(parents=True)
    (paths.store / "commits/journal/lock").touch()
    paths.prepare(resume=False, overwrite=False)
    paths.prepare(resume=True, overwrite=False)


def test_a_store_that_is_being_written_is_not_overwritten(tmp_path: Path):
    paths = OutputPaths.at(tmp_path / "x.zarr")
    with write_store(paths.store), pytest.raises(StoreError, match="is being written by process"):
        paths.prepare(resume=False, overwrite=True)
    assert len(StoreReader(paths.store)) == 1


@pytest.mark.parametrize("given", ["x.zarr", "../in/x.zarr", "x.figures/sheet.png", "link"])
def test_an_input_is_never_replaced_by_its_own_output(
    tmp_path: Path, given: str, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    paths = OutputPaths.at(Path("x.zarr"))
    write_store(paths.store).close()
    Path("link").symlink_to("x.zarr")
    with pytest.raises(UsageError, match="is an input"):
        paths.prepare(resume=False, overwrite=True, inputs=[Path("a.png"), Path(given)])
    assert len(StoreReader(paths.store)) == 1


def test_a_folder_of_inputs_may_hold_the_output(tmp_path: Path):
    paths = OutputPaths.at(tmp_path)
    paths.prepare(resume=False, overwrite=False, inputs=[tmp_path / "a.png"])


@pytest.mark.parametrize("out", ["file/x.zarr", "file", "file/deep/x"])
def test_a_file_in_the_way_is_a_mistake_of_usage(tmp_path: Path, out: str):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="--out"):
        OutputPaths.at(tmp_path / out).prepare(resume=False, overwrite=False)


def test_making_a_folder_says_which_option_asked_for_it(tmp_path: Path):
    make_folder(tmp_path / "a/b", "--csv")
    assert (tmp_path / "a/b").is_dir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match=r"--csv: .*file/b cannot be made"):
        make_folder(tmp_path / "file/b", "--csv")


def test_failures_are_listed_one_a_line_and_at_once(tmp_path: Path):
    log = FailureLog(tmp_path / "f.jsonl")
    log.add(Failure("a", "a.png", "a.png: it is\nbroken"))
    log.add(Failure("ü", "ü.png", "\udcff"))
    lines = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert lines == [
        {"id": "a", "source": "a.png", "error": "a.png: it is\nbroken"},
        {"id": "ü", "source": "ü.png", "error": "\udcff"},
    ]
    assert log.count == 2
    log.close()


def test_a_run_without_failures_leaves_no_list_not_even_an_old_one(tmp_path: Path):
    (tmp_path / "f.jsonl").write_text("old")
    FailureLog(tmp_path / "f.jsonl").close()
    assert not (tmp_path / "f.jsonl").exists()
