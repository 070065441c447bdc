"""Stores are made, continued, closed and opened by others."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import xarray
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit.errors import DataError, StoreError
from xmodkit.modality import Axis, Field
from xmodkit.store import StoreReader, StoreWriter, arrays
from xmodkit.store.layout import Layout


def test_a_closed_store_opens_in_xarray_with_coordinates_and_units(path, known):
    attributes = {"model": "abc", "made_by": {"version": 1}}
    with StoreWriter.create(path, known.fields, attributes=attributes) as writer:
        writer.append(known.rows(0, 20))
    with xarray.open_zarr(path) as dataset:
        assert dataset.attrs == attributes
        assert dataset.sizes["sample"] == 20
        np.testing.assert_array_equal(dataset.energy, [1.0, 1.5, 2.0, 2.5])
        assert dataset.energy.attrs["units"] == "eV"
        assert dataset.positions.attrs["units"] == "nm"
        assert dataset.absorption.dims == ("sample", "energy")
        assert dataset.positions.dims == ("sample", "positions_atom", "xyz")
        assert dataset.novel.dtype == bool
        one = known.row(6)
        assert dataset.sample_id.values[6] == one["sample_id"]
        np.testing.assert_array_equal(dataset.positions[6], one["positions"])
        np.testing.assert_array_equal(dataset.positions_shape[6], [6, 3])
        assert np.isnan(dataset.positions[0]).all()
        np.testing.assert_array_equal(dataset.absorption.sel(energy=2.0)[6], one["absorption"][2])


def test_a_closed_store_lists_as_one_flat_zarr_group_without_a_warning(path, known):
    with StoreWriter.create(path, known.fields) as writer:
        writer.append(known.rows(0, 5))
    names = {"sample_id", "absorption", "positions", "positions_shape", "scan", "scan_shape"}
    group = zarr.open_group(path, mode="r")
    assert {name for name, _ in group.members(max_depth=None)} == names | {"novel", "energy"}
    # Also where the consolidated metadata is not used, or made again.
    plain = zarr.open_group(path, mode="r", use_consolidated=False)
    assert set(plain.array_keys()) == names | {"novel", "energy"}
    assert len(list(plain.members(max_depth=None))) == len(names) + 4
    assert all(array.metadata.dimension_names for _, array in plain.arrays())
    assert np.isnan(plain["absorption"].fill_value)


def test_an_empty_store_closes_and_opens(path, known):
    StoreWriter.create(path, known.fields).close()
    assert len(StoreReader(path)) == 0
    assert StoreReader(path).read("scan").shape == (0, 0, 0, 3)
    with xarray.open_zarr(path) as dataset:
        assert dataset.sizes["sample"] == 0


def test_a_closed_store_is_continued_and_its_new_length_is_seen(path, known, small_shards):
    total = 0
    for count in (5, 1, 17, 8, 2):
        with (
            StoreWriter.resume(path) if total else StoreWriter.create(path, known.fields) as writer
        ):
            for number in range(total, total + count):
                writer.append(known.rows(number, 1), keys=known.keys(number, 1))
        total += count
        reader = StoreReader(path)
        assert reader.closed
        assert known.check(reader) == total
        with xarray.open_zarr(path) as dataset:
            assert dataset.sizes["sample"] == total
            assert list(dataset.sample_id.values) == known.rows(0, total)["sample_id"]
    assert not Layout(path).segments()


def test_a_resumed_store_knows_keys_finished_inputs_and_attributes(path, known):
    with StoreWriter.create(path, known.fields, attributes={"model": "abc"}) as writer:
        writer.append(known.rows(0, 2), keys=["a", "b"], finished=["one.png"])
        writer.append({}, finished=["empty.png"])
        writer.append(known.rows(2, 1))
    with StoreWriter.resume(path) as writer:
        assert writer.keys == {"a", "b"}
        assert writer.finished == {"one.png", "empty.png"}
        assert writer.attributes == {"model": "abc"}
        assert known.same_fields(writer.fields.values())
        assert len(writer) == 3
    assert StoreReader(path).keys == ("a", "b", "")
    assert StoreReader(path).finished == ("one.png", "empty.png")


def test_resuming_appends_each_key_once(path, known):
    with StoreWriter.create(path, known.fields) as writer:
        writer.append(known.rows(0, 2), keys=["a", "b"])
        for keys in (["b", "c"], ["c", "c"], ["c"]):
            with pytest.raises(StoreError, match="key"):
                writer.append(known.rows(2, 2), keys=keys)
        writer.append(known.rows(2, 1), keys=["c"])
    assert known.check(StoreReader(path)) == 3


def test_rows_that_do_not_fit_leave_the_store_as_it_was(path, known):
    with StoreWriter.create(path, known.fields) as writer:
        writer.append(known.rows(0, 2))
        with pytest.raises(DataError, match="absorption"):
            writer.append(known.rows(2, 2) | {"absorption": np.zeros((2, 4))})
        writer.append(known.rows(2, 2))
    assert known.check(StoreReader(path)) == 4


def test_an_existing_store_is_replaced_only_when_asked(path, known, small_shards):
    with StoreWriter.create(path, known.fields) as writer:
        writer.append(known.rows(0, 9))
        with pytest.raises(StoreError, match="is being written by process"):
            StoreWriter.create(path, known.fields, overwrite=True)
    with pytest.raises(StoreError, match=r"exists; continue it .* or replace it"):
        StoreWriter.create(path, known.fields)
    assert known.check(StoreReader(path)) == 9
    with StoreWriter.create(path, [Field("level")], overwrite=True) as writer:
        assert len(StoreReader(path)) == 0
        writer.append({"level": [1.0]})
    with xarray.open_zarr(path) as dataset:
        assert list(dataset.variables) == ["level"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_not_a_store_is_never_replaced(path, known, overwrite):
    zarr.create_group(path).create_array("mine", shape=(3,), dtype="float32")
    with pytest.raises(StoreError, match="is not a store"):
        StoreWriter.create(path, known.fields, overwrite=overwrite)
    assert "mine" in zarr.open_group(path, mode="r")
    file = path.with_name("file.zarr")
    file.write_text("mine")
    with pytest.raises(StoreError, match="is not a store"):
        StoreWriter.create(file, known.fields, overwrite=overwrite)
    with pytest.raises(StoreError, match="no store"):
        StoreWriter.resume(path)
    assert file.read_text() == "mine"


def test_attributes_that_are_no_json_are_refused_before_anything_is_made(path, known):
    for attributes in ({"a": float("nan")}, {"a": object()}):
        with pytest.raises(StoreError, match="finite JSON"):
            StoreWriter.create(path, known.fields, attributes=attributes)
    assert not path.exists()


def test_a_closed_writer_takes_no_more_rows(path, known):
    writer = StoreWriter.create(path, known.fields)
    writer.close()
    writer.close()
    with pytest.raises(StoreError, match="is closed"):
        writer.append(known.rows(0, 1))


def test_extents_grow_while_the_store_does(path, small_shards):
    field = Field("grid", (Axis("y"), Axis("x")), "int16", fill=-1)
    shapes = [(1, 1), (2, 40), (1, 3), (70, 2), (0, 0), (5, 5)] * 5
    rows = [np.full(shape, number, np.int16) for number, shape in enumerate(shapes)]
    with StoreWriter.create(path, [field]) as writer:
        for number, row in enumerate(rows):
            writer.append({"grid": [row]})
            for known, found in zip(rows[: number + 1], StoreReader(path).samples(), strict=True):
                np.testing.assert_array_equal(found["grid"], known)
    padded = zarr.open_array(path, path="grid", mode="r")[:]
    assert padded.shape == (30, 70, 40)
    assert (padded[0] != -1).sum() == 1


def test_few_files_hold_many_rows(path, known, small_shards):
    with StoreWriter.create(path, known.fields) as writer:
        for first in range(0, 64, 4):
            writer.append(known.rows(first, 4))
    files = [file for file in path.rglob("*") if file.is_file()]
    assert len(files) < 8 * 64 / small_shards + 2 * 8 + 8


def test_shards_hold_16_to_64_mib_and_at_most_4096_rows():
    from xmodkit.store.columns import Schema

    for size, rows in ((1, 4096), (13_200, 4096), (2**20, 64), (3 * 2**20, 16), (2**27, 1)):
        schema = Schema.of([Field("a", (Axis("n", size),), "uint8")])
        assert arrays.shard_rows(schema, {}) == rows


def test_importing_the_store_does_not_import_zarr():
    code = "import sys, xmodkit.store; sys.exit('zarr' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_data_are_on_the_disk_before_the_commit_that_speaks_of_them(
    path, known, small_shards, monkeypatch
):
    flushed = []

    def flush(descriptor):
        flushed.append(os.fstat(descriptor).st_ino)

    with StoreWriter.create(path, known.fields) as writer:
        monkeypatch.setattr(os, "fsync", flush)
        monkeypatch.setattr(os, "fdatasync", flush, raising=False)
        layout = Layout(path)
        log = layout.log.stat().st_ino
        writer.append(known.rows(0, 5))
        assert flushed == [layout.segments()[0].stat().st_ino, log]
        flushed.clear()
        writer.append(known.rows(5, 5))
        assert flushed.index(log) == len(flushed) - 1
        written = {file.stat().st_ino for file in path.glob("*/c/**/*") if file.is_file()}
        written |= {file.stat().st_ino for file in path.glob("**/zarr.json")}
        written |= {folder.stat().st_ino for folder in path.glob("*/c/**/")}
        written |= {layout.segments()[0].stat().st_ino, layout.folder.stat().st_ino}
        assert written <= set(flushed)


AXES = st.sampled_from([None, None, 1, 3])
SAFE_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@st.composite
def any_fields(draw):
    """Return fields of any dtype, some axes ragged."""
    fields = []
    for number in range(draw(st.integers(1, 3))):
        sizes = draw(st.lists(AXES, max_size=2))
        axes = tuple(Axis(f"axis{i}", size) for i, size in enumerate(sizes))
        dtype = draw(st.sampled_from(["float32", "float64", "int16", "uint8", "bool", "string"]))
        fields.append(Field(f"field{number}", axes, dtype))
    return fields


def any_value(draw, field):
    shape = tuple(draw(st.integers(0, 4)) if a.size is None else a.size for a in field.axes)
    if field.dtype == "string":
        number = math.prod(shape)
        texts = draw(st.lists(SAFE_TEXT, min_size=number, max_size=number))
        value = np.empty(shape, object)
        value.flat = texts
        return value
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).integers(0, 200, shape).astype(field.dtype)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_rows_come_back_whatever_happens_between_batches(data):
    """Batches, closing and reopening, and kills (a copy of the open store) in any order."""
    fields = data.draw(any_fields())
    steps = data.draw(st.lists(st.sampled_from([1, 1, 2, 5, 9, "close", "kill"]), max_size=6))
    batches = [
        [{f.name: any_value(data.draw, f) for f in fields} for _ in range(step)]
        for step in steps
        if isinstance(step, int)
    ]
    expected = []
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "MAX_SHARD_ROWS", 4)
        path = Path(folder) / "0.zarr"
        writer = StoreWriter.create(path, fields)
        for number, step in enumerate(steps, 1):
            if isinstance(step, int):
                rows = batches.pop(0)
                expected += rows
                writer.append({f.name: [row[f.name] for row in rows] for f in fields})
            else:
                if step == "kill":
                    shutil.copytree(path, Path(folder) / f"{number}.zarr")
                    path = Path(folder) / f"{number}.zarr"
                writer.close()
                writer = StoreWriter.resume(path)
            _assert_same(StoreReader(path), expected)
        writer.close()
        _assert_same(StoreReader(path), expected)


def _assert_same(reader, expected):
    found = list(reader.samples())
    assert len(found) == len(reader) == len(expected)
    for row, values in zip(found, expected, strict=True):
        for name, value in values.items():
            np.testing.assert_array_equal(row[name], value)
