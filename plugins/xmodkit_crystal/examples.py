"""Example crystals: shipped inside the wheel, or beside the source tree."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from xmodkit.errors import InputError

__all__ = ["write_examples"]

_HERE = Path(__file__).resolve()


def write_examples(folder: Path) -> Sequence[Path]:
    """Copy the example crystals into a folder and return their new paths."""
    return [Path(shutil.copy(path, folder / path.name)) for path in sorted(_source().glob("*.cif"))]


def _source() -> Path:
    # The wheel carries a copy; an editable install reads the one in the source tree.
    places = (_HERE.parent / "example_crystals", _HERE.parents[2] / "examples" / "crystals")
    source = next((place for place in places if place.is_dir()), None)
    if source is None:
        raise InputError("the example crystals are missing from this installation: install again")
    return source
