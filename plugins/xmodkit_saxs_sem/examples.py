"""Example frames and micrographs: shipped inside the wheel, or beside the source tree."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from xmodkit.errors import InputError

__all__ = ["write_examples"]

_HERE = Path(__file__).resolve()
_KINDS = ("saxs", "sem")  # of three samples each
_TABLE = "pairs.csv"  # which belong together, and that they are simulated: `ingest` reads it


def write_examples(folder: Path) -> Sequence[Path]:
    """Copy the examples into a folder, as folders `saxs` and `sem` and a table of pairs.

    Return their new paths.
    """
    source, written = _source(), []
    for kind in _KINDS:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for path in sorted((source / kind).iterdir()):
            written.append(Path(shutil.copy(path, folder / kind / path.name)))
    return [*written, Path(shutil.copy(source / _TABLE, folder / _TABLE))]


def _source() -> Path:
    # The wheel carries a copy; an editable install reads the one in the source tree.
    places = (_HERE.parent / "example_frames", _HERE.parents[2] / "examples" / "frames")
    source = next((place for place in places if (place / "saxs").is_dir()), None)
    if source is None:
        raise InputError("the example frames are missing from this installation: install again")
    return source
