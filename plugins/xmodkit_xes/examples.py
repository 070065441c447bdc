"""Example structures: shipped inside the wheel, or beside the source tree."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from xmodkit.errors import InputError

__all__ = ["write_examples"]

_HERE = Path(__file__).resolve()
# The wheel carries a copy; an editable install reads the one in the source tree.
_PLACES = (_HERE.parent / "example_structures", _HERE.parents[2] / "examples" / "structures")


def write_examples(folder: Path) -> Sequence[Path]:
    """Copy the example structures into a folder and return their new paths."""
    source = next((place for place in _PLACES if place.is_dir()), None)
    if source is None:
        raise InputError("the example structures are missing from this installation: install again")
    return [
        Path(shutil.copy(path, folder / path.name))
        for path in sorted(source.iterdir())
        if path.suffix in (".xyz", ".cif", ".sdf", ".vasp")
    ]
