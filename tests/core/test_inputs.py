"""Inputs are found in the order people expect, each once, and known again by their content."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.errors import InputError
from xmodkit.inputs import InputFile, find_inputs, is_store, natural_key
from xmodkit.modality import Field
from xmodkit.store import StoreWriter


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def found(*paths: Path, under: Path, leave_out: tuple[Path, ...] = ()) -> list[str]:
    inputs = find_inputs(paths, (".png", ".tif"), leave_out)
    return [str(file.path.relative_to(under)) for file in inputs.files]


def write_store(path: Path, value: float = 1.0) -> Path:
    with StoreWriter.create(path, [Field("level")]) as writer:
        writer.append({"level": np.array([value], np.float32)})
    return path


def test_a_folder_is_read_in_natural_order(tmp_path: Path):
    touch(tmp_path, "s10.png", "s2.png", "S1.png", "s02b.png", "a.tif")
    assert found(tmp_path, under=tmp_path) == ["a.tif", "S1.png", "s2.png", "s02b.png", "s10.png"]


def test_folders_are_read_to_the_bottom_with_hidden_ones_left_out(tmp_path: Path):
    touch(tmp_path, "b/deep/er/1.png", "a/2.png", "3.png", ".hidden/4.png", ".5.png")
    assert found(tmp_path, under=tmp_path) == ["3.png", "a/2.png", "b/deep/er/1.png"]


def test_several_paths_keep_the_order_in_which_they_were_given(tmp_path: Path):
    touch(tmp_path, "b/1.png", "a/2.png", "3.png")
    order = found(tmp_path / "b", tmp_path / "3.png", tmp_path / "a", under=tmp_path)
    assert order == ["b/1.png", "3.png", "a/2.png"]


def test_a_path_named_outright_is_kept_whatever_it_is(tmp_path: Path):
    touch(tmp_path, "notes.txt")
    paths = [tmp_path / "notes.txt", tmp_path / "nowhere.png"]
    assert [file.path for file in find_inputs(paths, (".png",)).files] == paths


def test_files_of_other_kinds_are_counted_once_and_not_read(tmp_path: Path):
    touch(tmp_path, "a.png", "notes.txt", "sub/table.CSV", "B.PNG")
    inputs = find_inputs([tmp_path, tmp_path / "sub", tmp_path], (".png",))
    assert [file.path.name for file in inputs.files] == ["a.png", "B.PNG"]
    assert inputs.skipped == 2


def test_a_file_named_outright_is_not_also_skipped(tmp_path: Path):
    touch(tmp_path, "a.png", "notes.txt")
    inputs = find_inputs([tmp_path, tmp_path / "notes.txt"], (".png",))
    assert len(inputs.files) == 2
    assert inputs.skipped == 0


def test_the_same_file_spelled_another_way_is_taken_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    touch(tmp_path, "sub/a.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "sub/a.png")
    (tmp_path / "other").symlink_to(tmp_path / "sub")
    monkeypatch.chdir(tmp_path)
    spellings = ["sub/a.png", "sub/../sub/a.png", "link.png", "other/a.png", "sub", "."]
    paths = [*map(Path, spellings), tmp_path / "sub/a.png"]
    assert [file.path for file in find_inputs(paths, (".png",)).files] == [Path("sub/a.png")]


def test_links_in_a_circle_end(tmp_path: Path):
    touch(tmp_path, "sub/a.png", "sub/notes.txt")
    (tmp_path / "sub/up").symlink_to(tmp_path)
    (tmp_path / "sub/self").symlink_to(tmp_path / "sub")
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    inputs = find_inputs([tmp_path], (".png",))
    assert [file.path.name for file in inputs.files] == ["round.png", "a.png"]
    assert inputs.skipped == 1
    with pytest.raises(InputError, match=r"round\.png: cannot be read"):
        inputs.files[0].key()


def test_what_a_run_writes_is_not_among_its_inputs(tmp_path: Path):
    touch(tmp_path, "a.png", "out.figures/sheet-1.png", "out.zarr/zarr.json")
    output = (tmp_path / "out.figures", tmp_path / "out.zarr")
    assert found(tmp_path, under=tmp_path, leave_out=output) == ["a.png"]
    assert len(found(tmp_path, under=tmp_path)) == 3


def test_a_store_is_one_input_and_not_a_folder_of_files(tmp_path: Path):
    write_store(tmp_path / "plates/sim.zarr")
    touch(tmp_path, "plates/a.png")
    assert found(tmp_path, under=tmp_path) == ["plates/a.png", "plates/sim.zarr"]
    assert found(tmp_path / "plates/sim.zarr", under=tmp_path) == ["plates/sim.zarr"]


def test_a_store_that_was_never_closed_is_a_store_too(tmp_path: Path):
    writer = StoreWriter.create(tmp_path / "open.zarr", [Field("level")])
    assert is_store(tmp_path / "open.zarr")
    writer.close()
    assert is_store(tmp_path / "open.zarr")
    assert not is_store(tmp_path)


def test_a_key_follows_path_and_content(tmp_path: Path):
    touch(tmp_path, "a.png", "b.png", "x/c.png")
    a, b = tmp_path / "a.png", tmp_path / "b.png"
    first = InputFile(a).key()
    assert first == InputFile(tmp_path / "x" / ".." / "a.png").key()
    b.write_bytes(a.read_bytes())
    assert InputFile(b).key() != first
    a.write_text("changed")
    assert InputFile(a).key() != first


def test_the_key_of_a_store_changes_with_its_rows(tmp_path: Path):
    path = write_store(tmp_path / "s.zarr")
    first = InputFile(path).key()
    assert InputFile(path).key() == first
    with StoreWriter.resume(path) as writer:
        writer.append({"level": np.array([2.0], np.float32)})
    assert InputFile(path).key() != first


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "no such file or folder; check the path"),
        (lambda path: path.mkdir(), "neither a file nor a store"),
        (os.mkfifo, "neither a file nor a store"),
        (lambda path: touch(path, "zarr.json"), "a zarr group that xmodkit did not write"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_reason(tmp_path: Path, make, said: str):
    make(tmp_path / "thing.png")
    with pytest.raises(InputError, match=f"thing.png: {said}"):
        InputFile(tmp_path / "thing.png").key()


def test_a_name_that_is_no_text_is_refused(tmp_path: Path):
    name = os.fsdecode(b"\xff.png")
    try:
        (tmp_path / name).write_text("x")
    except OSError:
        pytest.skip("this file system takes no such name")
    (file,) = find_inputs([tmp_path], (".png",)).files
    with pytest.raises(InputError, match="not valid UTF-8; rename it"):
        file.key()


@given(st.lists(st.text("a1²٣_.B 09", max_size=6), max_size=6), st.randoms())
def test_any_names_can_be_put_in_order(names: list[str], random: Random):
    ordered = sorted(names, key=lambda name: (natural_key(name), name))
    random.shuffle(names)
    assert sorted(names, key=lambda name: (natural_key(name), name)) == ordered


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_in_names_are_ordered_as_numbers(a: int, b: int):
    assert (natural_key(f"s{a}.png") < natural_key(f"s{b}.png")) == (a < b)
