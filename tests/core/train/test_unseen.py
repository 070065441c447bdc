"""A run is judged only on samples it never saw, neither by content nor by group."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from xmodkit.errors import InputError
from xmodkit.train.splits import Splits
from xmodkit.train.unseen import Seen, StoreIndex, choose_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a run that split four plates of two samples."""
    parts = ("train", "validation", "calibration", "test")
    ids = tuple(f"s{i}" for i in range(8))
    groups = tuple(f"p{i // 2}" for i in range(8))
    contents = tuple(f"c{i}" for i in range(8))
    run = tmp_path / "a"
    run.mkdir()
    Splits(ids, groups, contents, tuple(parts[i // 2] for i in range(8))).save(run / "split.csv")
    return run


def _index(*rows: tuple[str, str]) -> StoreIndex:
    return StoreIndex(tuple(c for c, _ in rows), tuple({"plate": p} for _, p in rows))


def test_only_test_rows_of_the_runs_own_store_are_left(folder: Path):
    index = _index(*((f"c{i}", f"p{i // 2}") for i in range(8)))
    kept, left_out = choose_rows(index, [Seen.load(folder, "plate")], "all-unseen")
    assert kept == [6, 7]
    assert left_out == {
        "train rows of a": 2,
        "validation rows of a": 2,
        "calibration rows of a": 2,
    }


def test_a_new_sample_of_a_plate_that_was_trained_on_is_left_out(folder: Path):
    index = _index(("new", "p0"), ("new too", "p3"), ("newer", "p9"))
    kept, left_out = choose_rows(index, [Seen.load(folder, "plate")], "all-unseen")
    assert kept == [1, 2]
    assert left_out == {"share their plate with train rows of a": 1}


def test_a_renamed_copy_of_a_training_sample_is_found(folder: Path):
    index = _index(("c0", "elsewhere"))
    assert choose_rows(index, [Seen.load(folder, "plate")], "all-unseen")[0] == []


def test_a_split_of_another_run_forbids_its_groups_whatever_they_are_called(folder: Path):
    index = _index(("new", "p0"), ("newer", "p9"))
    assert choose_rows(index, [Seen.load(folder, "other/split.csv")], "all-unseen")[0] == [1]


def test_rows_of_a_sample_split_may_share_a_group(folder: Path):
    Splits(("a", "b"), ("a", "b"), ("x", "y"), ("train", "test")).save(folder / "split.csv")
    index = StoreIndex(("x", "y", "z"), ({"plate": "a"},) * 3)
    kept, _ = choose_rows(index, [Seen.load(folder, "sample")], "all-unseen")
    assert kept == [1, 2]


def test_rows_test_leaves_out_what_the_run_never_had(folder: Path):
    index = _index(("c6", "p3"), ("new", "p9"))
    kept, left_out = choose_rows(index, [Seen.load(folder, "plate")], "test")
    assert kept == [0]
    assert left_out == {"not among the test rows of a": 1}


def test_equal_content_is_judged_once(folder: Path):
    index = _index(("new", "p8"), ("new", "p9"))
    kept, left_out = choose_rows(index, [Seen.load(folder, "plate")], "all-unseen")
    assert kept == [0]
    assert left_out == {"the same content as another row": 1}


def test_a_run_without_a_split_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"split\.csv"):
        Seen.load(tmp_path, "plate")
