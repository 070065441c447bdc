"""Tables of a store of predictions: the short one people read, and the CSV they take away."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xmodkit.errors import UsageError
from xmodkit.modality import Array, Field
from xmodkit.output import make_folder
from xmodkit.pair import ModalityPair, Route
from xmodkit.store import StoreReader
from xmodkit.text import aligned, scalar_text

__all__ = ["check_csv", "short_table", "write_csv"]

_SHOWN = 12
_COLUMNS = 6  # of scalars: more do not fit a screen
_BLOCK = 1024


def short_table(store: Path, scalars: Sequence[Field]) -> str:
    """Return the first rows of a store as aligned text: id, scalars, novelty."""
    reader = StoreReader(store)
    hidden, scalars = scalars[_COLUMNS:], scalars[:_COLUMNS]
    n = min(len(reader), _SHOWN)
    heads = ["sample", *map(_head, scalars)]
    columns = [[str(i) for i in reader.read("sample_id", 0, n)]]
    columns += [_texts(reader, field, n) for field in scalars]
    if {"novelty", "novel"} <= set(reader.fields):
        heads.append("novelty")
        novel = reader.read("novel", 0, n)
        score = reader.read("novelty", 0, n)
        columns.append(
            [f"{s:.2f}{' novel' if flag else ''}" for s, flag in zip(score, novel, strict=True)]
        )
    lines = aligned([heads, *zip(*columns, strict=True)])
    if len(reader) > n:
        lines.append(f"... and {len(reader) - n} more in the store")
    if hidden:
        names = ", ".join(field.name for field in hidden)
        lines.append(f"not shown: {names}; see the store, or --csv")
    return "\n".join(lines)


def _head(field: Field) -> str:
    return f"{field.name} / {field.unit}" if field.unit not in ("", "1") else field.name


def check_csv(path: Path) -> None:
    """Raise `UsageError` if no table can be written there: before the work, not after it."""
    if path.is_dir():
        raise UsageError(f"--csv {path}: a folder is there; name a file")
    make_folder(path.parent, "--csv")


def write_csv(path: Path, store: Path, pair: ModalityPair, route: Route) -> None:
    """Write one row per sample: id, derived values with bounds and status, novelty, then fields.

    A field of one axis takes one column per point, named by the pair; larger ones stay in the
    store.
    """
    reader = StoreReader(store)
    curves = [
        f
        for f in reader.fields.values()
        if len(f.axes) == 1
        and not f.ragged
        and (f.name != "latent" or route.target == "latent")
        and not f.name.startswith("input_")
    ]
    scalars = [f for f in reader.fields.values() if not f.axes]
    heads = [f.name for f in scalars] + [n for f in curves for n in pair.column_names(f)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        for start in range(0, len(reader), _BLOCK):
            stop = min(len(reader), start + _BLOCK)
            columns = [_as_text(reader.read(f.name, start, stop)) for f in scalars]
            points = [_as_text(reader.read(f.name, start, stop)) for f in curves]
            for i in range(stop - start):
                writer.writerow([*(c[i] for c in columns), *(v for p in points for v in p[i])])


def _as_text(array: Array) -> Array:
    if array.dtype.kind != "f":
        return array
    text: Array = np.char.mod("%.5g", array)
    return text


def _texts(reader: StoreReader, field: Field, n: int) -> list[str]:
    names = [field.name, f"{field.name}_lower", f"{field.name}_upper", f"{field.name}_status"]
    value, lower, upper, status = (
        reader.read(name, 0, n) if name in reader.fields else [None] * n for name in names
    )
    return [scalar_text(*row) for row in zip(value, lower, upper, status, strict=True)]
