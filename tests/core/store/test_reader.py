"""Reading: closed stores, stores being written, and stores not to be trusted."""

from __future__ import annotations

import json
import shutil
import threading

import numpy as np
import pytest
import zarr

from xmodkit.errors import StoreError
from xmodkit.store import StoreReader, StoreWriter
from xmodkit.store.layout import Layout


@pytest.fixture
def store(path, known, small_shards):
    """Return a closed store of 20 rows in three shards."""
    with StoreWriter.create(path, known.fields, attributes={"model": "abc"}) as writer:
        for first in range(0, 20, 5):
            writer.append(known.rows(first, 5))
    return path


@pytest.fixture
def half_open(store, known):
    """Return the same, 8 rows in zarr and 12 in the journal."""
    other = store.with_name("half.zarr")
    with StoreWriter.create(other, known.fields) as writer:
        for first, count in ((0, 6), (6, 4), (10, 2), (12, 2)):
            writer.append(known.rows(first, count))
        copy = store.with_name("copy.zarr")
        shutil.copytree(other, copy)
    return copy


@pytest.mark.parametrize("kind", ["store", "half_open"])
def test_any_range_of_rows_is_read(kind, request, known):
    reader = StoreReader(request.getfixturevalue(kind))
    total = known.check(reader)
    everything = reader.read("absorption")
    for start, stop in ((0, None), (3, 7), (7, 9), (9, 9), (9, 3), (-2, None), (11, 99)):
        np.testing.assert_array_equal(
            reader.read("absorption", start, stop), everything[start:stop]
        )
        texts = reader.read("sample_id", start, stop)
        assert texts.tolist() == known.rows(0, total)["sample_id"][start:stop]
        assert texts.dtype == object
    assert reader.read("scan").shape == (total, 5, min(total, 20), 3)
    np.testing.assert_array_equal(reader.read("positions_shape")[4], [4, 3])


def test_one_sample_is_read_by_its_row(store, known):
    reader = StoreReader(store)
    assert str(reader.read_sample(-1)["sample_id"]) == known.row(19)["sample_id"]
    assert reader.read_sample(3)["positions"].shape == (3, 3)
    assert not reader.read_sample(3)["novel"]
    with pytest.raises(IndexError):
        reader.read_sample(20)


def test_big_stores_are_streamed_in_blocks(store):
    reader = StoreReader(store)
    blocks = list(reader.blocks(["absorption", "sample_id"], 6))
    assert [len(block["sample_id"]) for block in blocks] == [6, 6, 6, 2]
    joined = np.concatenate([block["absorption"] for block in blocks])
    np.testing.assert_array_equal(joined, reader.read("absorption"))


def test_a_reader_says_what_the_store_holds(store, half_open, known):
    reader = StoreReader(store)
    assert reader.closed
    assert reader.attributes == {"model": "abc"}
    assert known.same_fields(reader.fields.values())
    assert not StoreReader(half_open).closed
    with pytest.raises(StoreError, match="no array 'nothing'; it has sample_id"):
        reader.read("nothing")


def test_a_reader_keeps_its_rows_while_the_store_goes_on(path, known, small_shards):
    with StoreWriter.create(path, known.fields) as writer:
        writer.append(known.rows(0, 5))
        reader = StoreReader(path)
        for first in range(5, 30, 3):
            writer.append(known.rows(first, 3))
        assert len(reader) == 5
        assert known.check(reader) == 5


def test_every_reader_of_a_store_being_written_sees_whole_commits(path, known, small_shards):
    StoreWriter.create(path, known.fields).close()
    problems = []

    def write():
        try:
            for _ in range(3):
                with StoreWriter.resume(path) as writer:
                    for _ in range(12):
                        writer.append(known.rows(len(writer), 3))
        except BaseException as error:
            problems.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    seen = [0]
    while thread.is_alive():
        seen.append(known.check(StoreReader(path)))
    thread.join()
    assert not problems
    assert seen == sorted(seen)
    assert all(rows % 3 == 0 for rows in seen)
    assert len(set(seen)) > 3
    assert known.check(StoreReader(path)) == 108


def test_what_is_no_store_is_refused(tmp_path):
    zarr.create_group(tmp_path / "plain.zarr")
    for path in (tmp_path / "nothing.zarr", tmp_path, tmp_path / "plain.zarr"):
        with pytest.raises(StoreError, match="no store here"):
            StoreReader(path)


def change(path, **values):
    metadata = path / "zarr.json"
    metadata.write_text(json.dumps(json.loads(metadata.read_text()) | values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shape": [19, 4]}, "20 rows expected"),
        ({"shape": [20, 5]}, "per sample expected"),
        ({"shape": [20]}, "cannot be opened|is damaged"),
        ({"data_type": "int32"}, "cannot be opened|dtype"),
        ({"data_type": "float64"}, "dtype float64 given, float32 expected"),
        ({"codecs": [{"name": "bytes", "configuration": {"endian": "little"}}]}, "shards"),
        ({"codecs": [{"name": "pickle"}]}, "cannot be opened"),
        ({"node_type": "group"}, "cannot be opened"),
        ({"zarr_format": 2}, "cannot be opened"),
    ],
)
def test_arrays_that_are_not_as_the_log_says_are_refused_on_one_line(store, values, message):
    change(store / "absorption", **values)
    with pytest.raises(StoreError, match=message) as error:
        StoreReader(store)
    assert "\n" not in str(error.value)
    assert str(store) in str(error.value)


def test_a_codec_that_stores_do_not_use_is_refused(store):
    (store / "novel" / "zarr.json").unlink()
    zarr.create_array(
        zarr.storage.LocalStore(store),
        name="novel",
        shape=(20,),
        chunks=(8,),
        shards=(8,),
        dtype="bool",
        compressors=zarr.codecs.GzipCodec(),
        overwrite=True,
    )
    with pytest.raises(StoreError, match="a codec given that stores do not use"):
        StoreReader(store)


def test_a_missing_array_is_refused(store):
    shutil.rmtree(store / "absorption")
    for opening in (StoreReader, StoreWriter.resume):
        with pytest.raises(StoreError, match="'absorption' cannot be opened"):
            opening(store)


def test_damaged_bytes_of_a_shard_are_refused_on_reading(store):
    shard = store / "absorption" / "c" / "0" / "0"
    data = bytearray(shard.read_bytes())
    data[:40] = bytes(40)
    shard.write_bytes(data)
    reader = StoreReader(store)
    with pytest.raises(StoreError, match=r"rows 0 to 19 of 'absorption' cannot be read") as error:
        reader.read("absorption")
    assert "\n" not in str(error.value)


def test_a_reader_changes_nothing(half_open):
    def files():
        return {p: p.stat().st_mtime_ns for p in half_open.rglob("*")}

    before = files()
    list(StoreReader(half_open).samples())
    assert files() == before
    assert len(Layout(half_open).segments()) == 1
