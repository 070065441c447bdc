"""What is committed survives a killed process, a full disk and files cut anywhere."""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xmodkit.errors import StoreError
from xmodkit.store import StoreReader, StoreWriter, is_store
from xmodkit.store.layout import Layout

ENDLESS = Path(__file__).with_name("endless.py")


def start(path, *arguments):
    command = [sys.executable, str(ENDLESS), str(path), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kill_at_random(path, seed):
    """Run the endless writer for a random time, kill it, return what it said was committed."""
    process = start(path, seed)
    process.stdout.readline()
    time.sleep(random.Random(seed).uniform(0, 1))
    process.kill()
    said = process.communicate()[0].split()
    return int(said[-1]) if said else 1


def survive_kills(path, known, trials):
    for trial in range(trials):
        committed = kill_at_random(path, trial)
        reader = StoreReader(path)
        assert known.check(reader) >= committed
        assert reader.lost == 0
        assert list(reader.keys) == known.keys(0, len(reader))
    with StoreWriter.resume(path) as writer:
        first = len(writer)
        writer.append(known.rows(first, 3), keys=known.keys(first, 3))
    assert known.check(StoreReader(path)) == first + 3


def test_no_committed_row_is_lost_by_kill_9(path, known):
    survive_kills(path, known, 4)


@pytest.mark.slow
def test_no_committed_row_is_lost_by_many_kills(path, known):
    survive_kills(path, known, 40)


def test_a_kill_while_the_store_is_made_leaves_a_store_or_a_free_place(path, known):
    for delay in (0.0, 0.002, 0.005, 0.01):
        process = start(path, 1)
        while not path.exists():
            time.sleep(0.0005)
        time.sleep(delay)
        process.kill()
        process.communicate()
        if is_store(path):
            known.check(StoreReader(path))
            shutil.rmtree(path)
        else:
            StoreWriter.create(path, known.fields).close()
            shutil.rmtree(path)


@pytest.mark.parametrize("limit", [3_000, 15_000])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit the size of files")
def test_a_full_disk_is_one_line_and_loses_nothing(path, known, limit):
    process = start(path, 1, limit)
    said, error = process.communicate()
    last = error.strip().splitlines()[-1]
    assert "StoreError" in last
    assert f"{path}: cannot be written: File too large" in last
    assert "resume" in last
    committed = int(said.split()[-1]) if said else 0
    assert known.check(StoreReader(path)) == committed
    with StoreWriter.resume(path) as writer:
        writer.append(known.rows(committed, 2))
    assert known.check(StoreReader(path)) == committed + 2


def test_a_full_disk_while_whole_shards_are_written_loses_nothing(
    path, known, small_shards, monkeypatch
):
    import zarr.storage._local as local

    writer = StoreWriter.create(path, known.fields)
    writer.append(known.rows(0, 5))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(local, "_put", full)
        with pytest.raises(StoreError, match="No space left on device"):
            writer.append(known.rows(5, 20))
    with pytest.raises(StoreError, match="resume"):
        writer.append(known.rows(5, 20))
    writer.close()
    assert known.check(StoreReader(path)) == 5
    with StoreWriter.resume(path) as again:
        again.append(known.rows(5, 20))
    assert known.check(StoreReader(path)) == 25


@pytest.fixture
def unclosed(path, known):
    """Return a store as a kill leaves it: six commits in the log, all rows in the journal."""
    original = path.with_name("original.zarr")
    with StoreWriter.create(original, known.fields) as writer:
        for count in (3, 1, 4, 2, 1, 3):
            first = len(writer)
            writer.append(known.rows(first, count), keys=known.keys(first, count))
        shutil.copytree(original, path)
    return path


COMMITTED = (0, 3, 4, 8, 10, 11, 14)


def test_a_log_cut_at_any_byte_opens_to_what_it_still_commits(unclosed, known):
    log = Layout(unclosed).log
    data = log.read_bytes()
    header = data.index(b"\n") + 1
    for size in range(len(data), header - 1, -1):
        log.write_bytes(data[:size])
        reader = StoreReader(unclosed)
        whole = data[:size].count(b"\n") - 1
        assert len(reader) == COMMITTED[whole]
        if size % 200 == 0 or data[size - 1 : size] == b"\n":
            known.check(reader)


def test_a_journal_cut_at_any_byte_opens_to_the_rows_it_still_holds(unclosed, known):
    (segment,) = Layout(unclosed).segments()
    data = segment.read_bytes()
    seen = set()
    for size in range(len(data), -1, -7):
        segment.write_bytes(data[:size])
        reader = StoreReader(unclosed)
        seen.add(len(reader))
        assert len(reader) + reader.lost == 14
        assert list(reader.keys) == known.keys(0, len(reader))
    assert seen == set(COMMITTED)


@pytest.mark.parametrize("name", ["log", "journal"])
def test_a_cut_store_is_continued_behind_what_it_holds(unclosed, known, name):
    layout = Layout(unclosed)
    path = layout.log if name == "log" else layout.segments()[0]
    data = path.read_bytes()
    header = data.index(b"\n") + 1 if name == "log" else 0
    held = unclosed.with_name("held")
    shutil.copytree(unclosed, held)
    for size in range(len(data), header, -(len(data) // 9)):
        shutil.rmtree(unclosed)
        shutil.copytree(held, unclosed)
        path.write_bytes(data[:size])
        with StoreWriter.resume(unclosed) as writer:
            first = len(writer)
            assert first in COMMITTED
            assert writer.keys == set(known.keys(0, first))
            writer.append(known.rows(first, 2), keys=known.keys(first, 2))
            assert known.check(StoreReader(unclosed)) == first + 2
        assert known.check(StoreReader(unclosed)) == first + 2


def test_rows_lost_from_the_journal_are_counted_and_asked_for_again(unclosed, known):
    (segment,) = Layout(unclosed).segments()
    segment.write_bytes(segment.read_bytes()[:-1])
    with StoreWriter.resume(unclosed) as writer:
        assert writer.lost == 3
        assert "key 10" in writer.keys
        assert "key 11" not in writer.keys
    with StoreWriter.resume(unclosed) as writer:
        assert writer.lost == 0
        assert len(writer) == 11


def test_damage_before_sound_rows_is_refused_not_cut(unclosed):
    (segment,) = Layout(unclosed).segments()
    data = bytearray(segment.read_bytes())
    data[5] ^= 1
    segment.write_bytes(data)
    with pytest.raises(StoreError, match=r"rows 0 to 2 are damaged") as error:
        StoreWriter.resume(unclosed)
    assert "\n" not in str(error.value)
    with pytest.raises(StoreError, match="damaged"):
        StoreReader(unclosed).read("absorption")


def test_any_changed_byte_of_the_log_is_noticed_or_harmless(unclosed):
    log = Layout(unclosed).log
    data = log.read_bytes()
    chance = random.Random(1)
    for _ in range(300):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] = chance.randrange(256)
        log.write_bytes(changed)
        with contextlib.suppress(StoreError):  # any other kind of error fails the test
            assert len(list(StoreReader(unclosed).samples())) in COMMITTED
