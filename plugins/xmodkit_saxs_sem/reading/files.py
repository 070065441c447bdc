"""Read one file as what a route predicts from: frames or a micrograph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xmodkit.pair import Failure, Options, Route, Sample
from xmodkit_saxs_sem.reading.frames import FRAME_SUFFIXES, read_frames
from xmodkit_saxs_sem.reading.micrographs import MICROGRAPH_SUFFIXES, read_micrographs
from xmodkit_saxs_sem.reading.raw import pairs_header

__all__ = ["SUFFIXES", "read_file", "suffixes_of"]

SUFFIXES = tuple(dict.fromkeys((*FRAME_SUFFIXES, *MICROGRAPH_SUFFIXES)))


def suffixes_of(route: Route) -> tuple[str, ...]:
    """Return what the names of files that hold a route's source end with."""
    return FRAME_SUFFIXES if route.source == "saxs" else MICROGRAPH_SUFFIXES


def read_file(path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
    """Yield the samples of a file, and a failure for what cannot be read.

    In folders `SEM` and `SAXS` side by side, as published, files belong to the routes of their
    folder; for others they hold nothing. Tables of pairs, which `ingest` reads, hold nothing here.
    Raise `UsageError` for options that cannot mean anything.
    """
    if _is_other(path, route.source) or pairs_header(path):
        return iter(())
    return read_frames(path, options) if route.source == "saxs" else read_micrographs(path, options)


def _is_other(path: Path, source: str) -> bool:
    """Return whether a file lies in the folder of the other modality beside one of this."""
    other = path.parent.name.lower()
    if {other, source} != {"saxs", "sem"}:
        return False
    return any(place.name.lower() == source for place in path.absolute().parent.parent.iterdir())
