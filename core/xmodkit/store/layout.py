"""Where the parts of a store lie in its folder, and the few durable file operations it needs.

The commit log, the journal and the lock lie in the folder of a zarr array without values,
`commits/journal`: zarr lists the members of groups but never looks into an array's folder, so
they travel with the store and nobody who opens it by plain zarr or xarray is warned of them.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Layout", "is_store", "sync_file", "sync_files", "sync_folder", "write_all"]

GROUP = "commits"
ARRAY = "journal"
MARK = b'{"xmodkit_store":'


@dataclass(frozen=True)
class Layout:
    """The paths inside the folder of one store."""

    root: Path

    @property
    def folder(self) -> Path:
        """The folder of everything that is not zarr."""
        return self.root / GROUP / ARRAY

    @property
    def log(self) -> Path:
        """The commit log: one JSON object per line."""
        return self.folder / "log.jsonl"

    @property
    def lock(self) -> Path:
        """The file whose OS lock the writer holds."""
        return self.folder / "lock"

    @property
    def metadata(self) -> Path:
        """The metadata of the zarr group."""
        return self.root / "zarr.json"

    def segment(self, number: int) -> Path:
        """Return the path of a journal file."""
        return self.folder / f"{number:06d}.rows"

    def segments(self) -> list[Path]:
        """Return every journal file there is."""
        return sorted(self.folder.glob("*.rows"))

    def replace(self, path: Path, data: bytes) -> None:
        """Replace a file's content in one step that a crash cannot divide."""
        with io.FileIO(self._partial, "w") as file:
            write_all(file, data)
            sync_file(file)
        self._partial.replace(path)
        sync_folder(path.parent)

    @property
    def _partial(self) -> Path:
        return self.folder / "new.tmp"

    def sweep(self) -> None:
        """Delete the half-written files that a killed writer left."""
        for path in (self._partial, *self.root.glob("*/c/**/*.partial")):
            path.unlink(missing_ok=True)

    def is_unfinished(self) -> bool:
        """Whether nothing is here but what an interrupted creation leaves behind."""
        if not self.root.is_dir():
            return not self.root.exists()
        ours = {self.root / GROUP, self.folder, self.lock, self._partial}
        return all(path in ours for path in self.root.rglob("*"))


def is_store(path: str | os.PathLike[str]) -> bool:
    """Tell whether a store was made at `path`, be it closed, open or left behind by a kill."""
    try:
        with Layout(Path(path)).log.open("rb") as file:
            return file.read(len(MARK)) == MARK
    except OSError:
        return False


def write_all(file: io.FileIO, data: bytes | memoryview) -> None:
    """Write every byte: an unbuffered file may take only a part at a time."""
    view = memoryview(data).cast("B")
    while view:
        view = view[file.write(view) :]


def sync_file(file: io.FileIO) -> None:
    """Wait until the file's bytes are on the disk."""
    getattr(os, "fdatasync", os.fsync)(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk (Windows does so by itself)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_files(paths: Iterable[Path], root: Path) -> None:
    """Wait until files written by zarr are on the disk, and the folders up to `root` name them."""
    folders: set[Path] = set()
    for path in paths:
        with io.FileIO(path, "r+") as file:
            os.fsync(file.fileno())
        folders.update(folder for folder in path.parents if folder.is_relative_to(root))
    for folder in folders:
        sync_folder(folder)
