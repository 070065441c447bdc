"""Find the inputs of a run: files, folders (recursive, natural order), or a store."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xmodkit.errors import InputError
from xmodkit.store import layout

__all__ = ["InputFile", "Inputs", "find_inputs", "is_store", "natural_key", "real_path"]

_BLOCK = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """One file or store to read."""

    path: Path

    @property
    def is_store(self) -> bool:
        """Whether it is a zarr store of samples."""
        return is_store(self.path)

    def key(self) -> str:
        """Return a short hash of path and content, by which a resumed run knows it again.

        Raise `InputError` if it cannot be read.
        """
        try:
            digest = hashlib.sha256(str(real_path(self.path)).encode())
        except UnicodeEncodeError as error:
            raise InputError(f"{self.path}: its name is not valid UTF-8; rename it") from error
        try:
            _hash_file(self._content(), digest)
        except OSError as error:
            raise InputError(_unreadable(self.path, error)) from error
        return digest.hexdigest()[:24]

    def _content(self) -> Path:
        """Return the file whose bytes stand for this input: of a store, its commit log."""
        if not self.is_store:
            if self.path.exists() and not self.path.is_file():  # a pipe or device never ends
                raise InputError(f"{self.path}: neither a file nor a store; give one of them")
            return self.path
        log = layout.Layout(self.path).log
        if not log.is_file():
            raise InputError(
                f"{self.path}: a zarr group that xmodkit did not write; give a store made by "
                "`xmod simulate` or `xmod infer`"
            )
        return log


@dataclass(frozen=True)
class Inputs:
    """What a run will read, in order, and how many files of other kinds were passed over."""

    files: tuple[InputFile, ...]
    skipped: int = 0


def find_inputs(
    paths: Iterable[Path], suffixes: Sequence[str], leave_out: Iterable[Path] = ()
) -> Inputs:
    """Expand paths in the order given; folders are searched for files with these suffixes.

    A suffix may be a whole name in lower case (`poscar`).
    A path named outright is always kept, so that its reader can say what is wrong with it. Each
    file is taken once. `leave_out` names what folders are not searched for: a run's own output.
    """
    left_out = {real_path(place) for place in leave_out}
    found: dict[Path, Path] = {}
    skipped: set[Path] = set()
    for path in paths:
        if not path.is_dir() or is_store(path):
            found.setdefault(real_path(path), path)
            continue
        for entry in _walk(path, set(left_out)):
            known = {entry.suffix.lower(), entry.name.lower()} & {*suffixes}
            if known or is_store(entry):
                found.setdefault(real_path(entry), entry)
            else:
                skipped.add(real_path(entry))
    return Inputs(tuple(InputFile(path) for path in found.values()), len(skipped - found.keys()))


def is_store(path: Path) -> bool:
    """Say whether a path is a zarr v3 group on disk, or a store that was never closed."""
    return (path / "zarr.json").is_file() or layout.is_store(path)


def _walk(folder: Path, seen: set[Path]) -> Iterable[Path]:
    """Yield files and stores below a folder in natural order, hidden and seen ones left out.

    Every folder is entered once, so that links in a circle end.
    """
    seen.add(real_path(folder))
    for entry in sorted(folder.iterdir(), key=lambda p: (natural_key(p.name), p.name)):
        if entry.name.startswith(".") or real_path(entry) in seen:
            continue
        if entry.is_dir() and not is_store(entry):
            yield from _walk(entry, seen)
        else:
            yield entry


def real_path(path: Path) -> Path:
    """Return the one path of a file, however it is spelled (`resolve` fails on circular links)."""
    return Path(os.path.realpath(path))


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Return a sort key under which `a2` comes before `a10`."""
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]


def _hash_file(path: Path, digest: hashlib._Hash) -> None:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)


def _unreadable(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file or folder; check the path"
    return f"{path}: cannot be read ({error.strerror})"
