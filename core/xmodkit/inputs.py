"""Find the inputs of a run: files, folders (recursive, natural order), or a store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xmodkit.errors import InputError

__all__ = ["InputFile", "Inputs", "find_inputs", "is_store"]

_BLOCK = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """One file or store to read. `given` is what was typed, before folders were opened."""

    path: Path

    @property
    def is_store(self) -> bool:
        """Whether it is a zarr store of samples."""
        return is_store(self.path)

    def key(self) -> str:
        """Return a short hash of path and content, by which a resumed run knows it again.

        Raise `InputError` if it cannot be read.
        """
        digest = hashlib.sha256(str(self.path.resolve()).encode())
        try:
            if self.is_store:
                from xmodkit.store.layout import Layout

                _hash_file(Layout(self.path).log, digest)
            else:
                _hash_file(self.path, digest)
        except OSError as error:
            raise InputError(_unreadable(self.path, error)) from error
        return digest.hexdigest()[:24]


@dataclass(frozen=True)
class Inputs:
    """What a run will read, in order, and how many files of other kinds were passed over."""

    files: tuple[InputFile, ...]
    skipped: int = 0


def find_inputs(paths: Iterable[Path], suffixes: Sequence[str]) -> Inputs:
    """Expand paths in the order given; folders are searched for files with these suffixes.

    A path named outright is always kept, so that its reader can say what is wrong with it. Each
    file is taken once.
    """
    found: dict[Path, Path] = {}
    skipped = 0
    for path in paths:
        if not path.is_dir() or is_store(path):
            found.setdefault(path.resolve(), path)
            continue
        for entry in _walk(path):
            if is_store(entry) or entry.suffix.lower() in suffixes:
                found.setdefault(entry.resolve(), entry)
            else:
                skipped += 1
    return Inputs(tuple(InputFile(path) for path in found.values()), skipped)


def is_store(path: Path) -> bool:
    """Say whether a path is a zarr v3 group on disk."""
    return (path / "zarr.json").is_file()


def _walk(folder: Path) -> Iterable[Path]:
    """Yield files and stores below a folder in natural order, hidden ones left out."""
    for entry in sorted(folder.iterdir(), key=lambda p: _natural(p.name)):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and not is_store(entry):
            yield from _walk(entry)
        else:
            yield entry


def _natural(name: str) -> list[tuple[int, int | str]]:
    """Return a sort key under which `a2` comes before `a10`."""
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts]


def _hash_file(path: Path, digest: hashlib._Hash) -> None:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)


def _unreadable(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file or folder; check the path"
    return f"{path}: cannot be read ({error.strerror})"
