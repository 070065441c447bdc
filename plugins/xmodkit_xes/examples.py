"""Example structures and a spectrum: shipped inside the wheel, or beside the source tree."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from xmodkit.errors import InputError

__all__ = ["write_examples"]

_HERE = Path(__file__).resolve()
_SUFFIXES = (".xyz", ".cif", ".sdf", ".vasp", ".csv")


def write_examples(folder: Path) -> Sequence[Path]:
    """Copy the example structures and the spectrum into a folder and return their new paths."""
    return [
        Path(shutil.copy(path, folder / path.name))
        for kind in ("structures", "spectra")
        for path in sorted(_source(kind).iterdir())
        if path.suffix in _SUFFIXES
    ]


def _source(kind: str) -> Path:
    # The wheel carries a copy; an editable install reads the one in the source tree.
    places = (_HERE.parent / f"example_{kind}", _HERE.parents[2] / "examples" / kind)
    source = next((place for place in places if place.is_dir()), None)
    if source is None:
        raise InputError(f"the example {kind} are missing from this installation: install again")
    return source
