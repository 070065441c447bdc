"""One writer per store."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from xmodkit.errors import StoreError
from xmodkit.store import StoreReader, StoreWriter
from xmodkit.store.lock import WriterLock


def test_a_second_lock_is_refused_naming_process_and_host(tmp_path):
    lock = WriterLock(tmp_path / "lock", tmp_path)
    expected = f"written by process {os.getpid()} on {socket.gethostname()}"
    with pytest.raises(StoreError, match=expected) as error:
        WriterLock(tmp_path / "lock", tmp_path)
    assert str(tmp_path) in str(error.value)
    lock.release()
    WriterLock(tmp_path / "lock", tmp_path).release()


def test_a_lock_whose_holder_cannot_be_read_is_refused_all_the_same(tmp_path):
    lock = WriterLock(tmp_path / "lock", tmp_path)
    (tmp_path / "lock").write_bytes(b"\xff{")
    with pytest.raises(StoreError, match="another process"):
        WriterLock(tmp_path / "lock", tmp_path)
    lock.release()


def test_another_process_is_refused_until_the_writer_is_killed(path, known):
    endless = Path(__file__).with_name("endless.py")
    process = subprocess.Popen(
        [sys.executable, str(endless), str(path), "1"], stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    try:
        # The endless writer closes its store now and then; try until it has it open.
        with pytest.raises(StoreError, match=f"process {process.pid} on"):  # noqa: PT012
            while True:
                StoreWriter.resume(path).close()
        with pytest.raises(StoreError, match=r"written by|exists"):
            StoreWriter.create(path, known.fields)
    finally:
        process.kill()
        process.communicate()
    StoreWriter.resume(path).close()
    known.check(StoreReader(path))
