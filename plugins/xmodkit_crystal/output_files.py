"""The files that a predicted crystal is written to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xmodkit.pair import Sample
from xmodkit.places import own_place, said_source
from xmodkit.prediction import Prediction
from xmodkit.replacing import replacing
from xmodkit_crystal.chemistry.cif import cif_text
from xmodkit_crystal.reading.arrays import to_crystal

__all__ = ["write_cif"]

_FOLDER = "cifs"


def write_cif(sample: Sample, prediction: Prediction, folder: Path) -> Sequence[Path]:
    """Write the crystal of one sample as `cifs/<id>.cif`; nothing where there is none."""
    if "numbers" not in prediction.fields:
        return ()
    crystal = to_crystal({name: value.value for name, value in prediction.fields.items()})
    if not len(crystal):
        return ()
    origin = f"# source: {said_source(sample)}\n"
    path = own_place(folder / _FOLDER, sample.id, ".cif", lambda text: text.startswith(origin))
    path.parent.mkdir(exist_ok=True)
    with replacing(path) as partial:
        partial.write_text(origin + cif_text(crystal, sample.id), encoding="utf-8")
    return (path,)
