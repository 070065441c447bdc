"""Logs that cannot be true are refused on one line that names file and line."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from xmodkit.errors import StoreError
from xmodkit.store import StoreReader, StoreWriter
from xmodkit.store.commitlog import read_state
from xmodkit.store.layout import Layout


@pytest.fixture
def log(path, known):
    """Return the log of a store of two commits, 3 and 2 rows, left behind by a kill."""
    original = path.with_name("original.zarr")
    with StoreWriter.create(original, known.fields, attributes={"model": "abc"}) as writer:
        writer.append(known.rows(0, 3), keys=known.keys(0, 3), finished=["a.png"])
        writer.append(known.rows(3, 2), keys=known.keys(3, 2))
        shutil.copytree(original, path)
    return Layout(path).log


def change(log, line, **values):
    """Change some values of one line; None removes one."""
    lines = log.read_bytes().splitlines(keepends=True)
    merged = json.loads(lines[line]) | values
    kept = {name: value for name, value in merged.items() if value is not None}
    lines[line] = json.dumps(kept).encode() + b"\n"
    log.write_bytes(b"".join(lines))


def test_a_log_read_back_says_what_was_committed(log, known):
    state = read_state(log)
    assert (state.rows, state.sealed, state.closed) == (5, 0, False)
    assert state.keys == known.keys(0, 5)
    assert state.finished == {"a.png": 3}
    assert state.attributes == {"model": "abc"}
    assert known.same_fields(state.schema.fields)


@pytest.mark.parametrize(
    ("line", "values", "message"),
    [
        (0, {"xmodkit_store": 2}, "version 2 given, 1 expected"),
        (0, {"fields": 7}, "damaged"),
        (0, {"fields": []}, "at least one field"),
        (0, {"attributes": [1]}, "damaged"),
        (1, {"rows": -1}, "rows is -1"),
        (1, {"rows": True}, "rows is True"),
        (1, {"rows": 10**30}, "a count expected"),
        (1, {"rows": 4}, "out of place"),
        (1, {"rows": "3"}, "a count expected"),
        (1, {"sealed": 4}, "4 of 3 rows as in zarr"),
        (1, {"offset": 10}, "out of place"),
        (2, {"offset": 10**9}, "out of place"),
        (2, {"segment": 0}, "out of place"),
        (2, {"segment": 7}, "out of place"),
        (1, {"length": 10**12}, "out of place"),
        (1, {"crc": None}, "crc is None"),
        (1, {"segment": None}, "no place for the rows"),
        (1, {"extents": {"positions": [10**9, 3], "scan": [1, 1, 3]}}, "at most 4 GiB"),
        (1, {"extents": {"positions": [4, 4], "scan": [1, 1, 3]}}, r"extents \(4, 4\)"),
        (1, {"extents": {"absorption": [4]}}, "which has none of its own"),
        (1, {"extents": {"nothing": [4]}}, "no array 'nothing'"),
        (1, {"extents": [1]}, "no JSON object"),
        (1, {"text": {}}, "not named"),
        (1, {"keys": ["a"]}, "1 keys for 3 rows"),
        (1, {"keys": [1, 2, 3]}, "no list of text"),
        (1, {"finished": "a.png"}, "no list of text"),
        (2, {"rows": 1, "segment": None, "keys": None}, "within a commit"),
        (2, {"rows": 2}, "takes back rows"),
    ],
)
def test_a_log_that_cannot_be_true_is_refused_on_one_line(log, line, values, message):
    change(log, line, **values)
    for opening in (StoreReader, StoreWriter.resume):
        with pytest.raises(StoreError, match=message) as error:
            opening(log.parents[2])
        assert str(error.value).startswith(f"{log}, line {line + 1}: ")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b"\x00\xff\n", b"[" * 100_000 + b"\n"])
def test_a_whole_line_that_is_no_json_object_is_refused(log, line):
    with log.open("ab") as file:
        file.write(line)
    with pytest.raises(StoreError, match=re.escape(f"{log}, line 4: not a JSON object")):
        StoreReader(log.parents[2])


def test_offsets_past_the_end_of_the_journal_are_rows_that_are_not_there(log, known):
    with log.open("ab") as file:
        last = json.loads(log.read_bytes().splitlines()[-1])
        end = last["offset"] + last["length"]
        again = last | {"rows": 7, "offset": end, "keys": known.keys(5, 2)}
        file.write(json.dumps(again).encode() + b"\n")
    reader = StoreReader(log.parents[2])
    assert (known.check(reader), reader.lost) == (5, 2)
