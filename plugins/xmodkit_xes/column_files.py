"""Write predicted spectra as columns of text under a header in the style of XDI.

XDI: XAFS data interchange, version 1.0 (Ravel and Newville 2016). Athena reads such files, as
does everything that skips lines starting with `#`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from xmodkit.modality import Array
from xmodkit.pair import Sample
from xmodkit.places import own_place, said_source
from xmodkit.prediction import Prediction
from xmodkit.structures.elements import symbol
from xmodkit_xes.combine import SITE_ATOMS
from xmodkit_xes.modalities import SPECTRA

__all__ = ["write_columns"]

_FOLDER = "spectra"
# What a column of each kind of spectrum is called; XDI knows absorption alone.
_NAMES = {"xanes": "mu", "xas": "mu"}
_SOURCE = "# Sample.source: "


def write_columns(sample: Sample, prediction: Prediction, folder: Path) -> Sequence[Path]:
    """Write `spectra/<id>.<kind>.dat` below a folder and return its path; none without spectra.

    Columns are energy in eV, the spectrum, its bounds where there are any, and the spectrum of
    each site, named after its atom. Two samples of one name get two files.
    """
    kind = next((m.name for m in SPECTRA if m.name in prediction.fields), None)
    if kind is None or "structure" not in sample.arrays:
        return ()
    columns = _columns(prediction, kind)
    origin = _origin(sample)
    place = own_place(
        folder / _FOLDER, sample.id, f".{kind}.dat", lambda text: origin in text.splitlines()
    )
    lines = [*_header(sample, prediction, columns), "# " + " ".join(name for name, _ in columns)]
    table = np.stack([values for _, values in columns], axis=1)
    lines += [" ".join(f"{value:.8g}" for value in row) for row in table.tolist()]
    place.parent.mkdir(exist_ok=True)
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return (place,)


def _columns(prediction: Prediction, kind: str) -> list[tuple[str, Array]]:
    value = prediction.fields[kind]
    columns = [("energy", np.array(value.axes[-1].coordinates))]
    columns.append((_NAMES.get(kind, "intensity"), value.value))
    for name, bound in (("lower", value.lower), ("upper", value.upper)):
        if bound is not None and np.isfinite(bound).all():
            columns.append((name, bound))
    sites = prediction.fields.get(f"{kind}_sites")
    if sites is not None:
        atoms = prediction.fields[SITE_ATOMS.name].value
        columns += [
            (f"site_{atom}", curve)
            for atom, curve in zip(atoms, sites.value, strict=True)
            if atom >= 0
        ]
    return columns


def _header(
    sample: Sample, prediction: Prediction, columns: Sequence[tuple[str, Array]]
) -> list[str]:
    structure = sample.arrays["structure"]
    element = symbol(int(structure["numbers"][structure["sites"][0]]))
    units = {"energy": " eV"}
    lines = [f"# XDI/1.0 xmodkit/{version('xmodkit')}"]
    lines += [
        f"# Column.{i}: {name}{units.get(name, '')}" for i, (name, _) in enumerate(columns, 1)
    ]
    lines += [
        f"# Element.symbol: {element}",
        "# Element.edge: K",
        f"# Sample.name: {_plain(sample.id)}",
        _origin(sample),
        "# ///",
        "# predicted from an atomic structure, not measured",
    ]
    if prediction.bounds_source is not None:
        lines.append(f"# bounds: {prediction.bounds_source}")
    if prediction.novelty is not None:
        flag = ", novel: unlike the training structures" if np.any(prediction.novel) else ""
        lines.append(f"# novelty: {float(prediction.novelty):.3g}{flag}")
    return [*lines, "#" + "-" * 60]


def _origin(sample: Sample) -> str:
    return _SOURCE + said_source(sample)


def _plain(text: str) -> str:
    """Return text that stays on its line, in letters that any reader takes."""
    return " ".join(text.split()).encode("ascii", "replace").decode()
