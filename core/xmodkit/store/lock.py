"""One writer per store: an OS lock that the system itself releases when the process ends."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import sys
from pathlib import Path

from xmodkit.errors import StoreError
from xmodkit.store.layout import write_all

__all__ = ["WriterLock"]

if sys.platform == "win32":
    import msvcrt

    # A locked byte cannot be read on Windows: lock one far behind the holder's name.
    _LOCKED_BYTE = 1 << 30

    def _lock(file: io.FileIO) -> bool:
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(file: io.FileIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class WriterLock:
    """The exclusive right to write one store, held until `release` or the end of the process."""

    def __init__(self, path: Path, store: Path) -> None:
        """Take the lock; raise `StoreError` naming the holder if another writer has it.

        Opening (not unlinking) the file keeps the lock sound: its inode never changes.
        """
        try:
            self._file = io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+")
        except OSError as error:
            raise StoreError(f"{store}: cannot be locked for writing: {error.strerror}") from None
        try:
            if not _lock(self._file):
                raise StoreError(
                    f"{store}: is being written by {self._holder()}; wait until it ends, or "
                    "write to another store"
                )
            self._file.seek(0)
            self._file.truncate()
            holder = {"pid": os.getpid(), "host": socket.gethostname()}
            write_all(self._file, json.dumps(holder).encode())
        except OSError as error:
            self._file.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"{store}: cannot be locked for writing: {error.strerror}") from None

    def release(self) -> None:
        """Let others write."""
        self._file.close()

    def _holder(self) -> str:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            self._file.seek(0)
            holder = json.loads(self._file.read(4096))
            return f"process {int(holder['pid'])} on {str(holder['host'])[:64]}"
        return "another process"
