"""Where a sample's own files go: named after it, and never over another sample's."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from xmodkit.pair import Sample

__all__ = ["own_place", "own_stem", "said_source"]

_LONGEST = 150  # characters of a name


def own_stem(folder: Path, name: str, suffix: str, owns: Callable[[Path], bool]) -> str:
    """Return what a sample's files are called before their suffix, all of them in one folder.

    `owns` says of the file with this suffix whether it is this sample's, of an earlier run: those
    are replaced. Another sample of that name has a number.
    """
    stem = re.sub(r"[^\w.+-]+", "_", name).strip(".")[:_LONGEST] or "sample"
    number, tried = 1, stem
    while (folder / f"{tried}{suffix}").exists() and not owns(folder / f"{tried}{suffix}"):
        number += 1
        tried = f"{stem}-{number}"
    return tried


def own_place(folder: Path, name: str, suffix: str, owns: Callable[[str], bool]) -> Path:
    """Return the path of a sample's only file; `owns` says of a file's text whether it is its."""
    stem = own_stem(folder, name, suffix, lambda path: owns(path.read_text("utf-8")))
    return folder / f"{stem}{suffix}"


def said_source(sample: Sample) -> str:
    """Return on one line of ASCII which file a sample came from and its place there."""
    text = f"{sample.source} #{sample.ordinal}"
    return " ".join(text.split()).encode("ascii", "replace").decode()
