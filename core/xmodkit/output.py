"""Where a run writes: the store, the list of failures, the pictures and the pair's own files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from xmodkit.errors import UsageError
from xmodkit.inputs import real_path
from xmodkit.pair import Failure
from xmodkit.store.layout import Layout, is_store
from xmodkit.store.lock import WriterLock

__all__ = ["FailureLog", "OutputPaths", "default_output", "make_folder"]


@dataclass(frozen=True)
class OutputPaths:
    """The places one run writes to.

    `X.zarr` is the store itself, with the rest beside it; any other name is a folder holding
    `store.zarr` and the rest.
    """

    store: Path
    failed: Path
    figures: Path
    files: Path

    @classmethod
    def at(cls, out: Path) -> OutputPaths:
        """Return the paths of `--out OUT`."""
        if out.suffix == ".zarr":
            return cls(
                out,
                out.with_suffix(".failed.jsonl"),
                out.with_suffix(".figures"),
                out.with_suffix(".files"),
            )
        return cls(out / "store.zarr", out / "failed.jsonl", out / "figures", out)

    @property
    def places(self) -> tuple[Path, ...]:
        """What holds output alone, so that no run may take it for its input."""
        own = () if self.files == self.store.parent else (self.files,)
        return (self.store, self.failed, self.figures, *own)

    def prepare(self, *, resume: bool, overwrite: bool, inputs: Iterable[Path] = ()) -> None:
        """Refuse what exists unless told what to do with it; make room otherwise.

        Raise `UsageError` naming `--resume` and `--overwrite`, or the input that lies where
        output would go, and `StoreError` if another process is writing what would be replaced.
        """
        if resume and overwrite:
            raise UsageError("--resume and --overwrite given; give one of them")
        self._refuse(inputs)
        there = is_store(self.store)
        if not there and not Layout(self.store).is_unfinished():
            raise UsageError(f"{self.store}: exists and is not a store; choose another --out")
        if there and not (resume or overwrite):
            raise UsageError(
                f"{self.store}: exists already; --resume does what is left, --overwrite replaces it"
            )
        if overwrite:
            if there:
                WriterLock(Layout(self.store).lock, self.store).release()
            shutil.rmtree(self.store, ignore_errors=True)
            shutil.rmtree(self.figures, ignore_errors=True)
            self.failed.unlink(missing_ok=True)
        make_folder(self.store.parent, "--out")

    def _refuse(self, inputs: Iterable[Path]) -> None:
        places = [real_path(place) for place in self.places]
        for path in inputs:
            if any(real_path(path).is_relative_to(place) for place in places):
                raise UsageError(f"{path}: is an input, and where output goes; change --out")


def make_folder(folder: Path, option: str) -> None:
    """Make the folder that an option's value lies in; raise `UsageError` if that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{option}: {folder} cannot be made ({error.strerror}); choose another"
        ) from error


def default_output(first: Path, plugin: str) -> Path:
    """Return where results go if `--out` is not given: `./<first input>.<plugin>/`."""
    return Path(f"{first.resolve().name}.{plugin}")


class FailureLog:
    """Writes `failed.jsonl`: one line per input that failed; no file where none did."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file: IO[str] | None = None
        path.unlink(missing_ok=True)

    def add(self, failure: Failure) -> None:
        """Append one failure and flush it."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8")
        record: Mapping[str, Any] = {
            "id": failure.id,
            "source": failure.source,
            "error": failure.error,
        }
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()
        self.count += 1

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
