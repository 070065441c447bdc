"""Where a sample's own file goes: named after it, and never over another sample's."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from xmodkit.pair import Sample

__all__ = ["own_place", "said_source"]

_LONGEST = 150  # characters of a name


def own_place(folder: Path, name: str, suffix: str, owns: Callable[[str], bool]) -> Path:
    """Return `folder/<name><suffix>`, or a free name if a file of another sample stands there.

    `owns` says of a file's text whether it is this sample's, of an earlier run: that is replaced.
    """
    stem = re.sub(r"[^\w.+-]+", "_", name).strip(".")[:_LONGEST] or "sample"
    number = 1
    while True:
        place = folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
        if not place.exists() or owns(place.read_text("utf-8")):
            return place
        number += 1


def said_source(sample: Sample) -> str:
    """Return the file a sample came from and its place there, as its own file says it."""
    return f"{sample.source} #{sample.ordinal}"
