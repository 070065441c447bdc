"""Plate maps: a table that names the samples of a plate's cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xmodkit.errors import InputError
from xmodkit_uvvis.reading.rows import NAMES, plain, read_rows

__all__ = ["MappedSample", "names_cells", "read_plate_map"]

# Every name under which a column is known, best first.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "cell": ("cell", "well", "position", "pos", "well_id"),
    "row": ("row", "plate_row", "r"),
    "column": ("column", "col", "plate_column", "plate_col", "c"),
    "name": NAMES,
    "plate": ("plate", "plate_id", "scan", "image"),
}


@dataclass(frozen=True)
class MappedSample:
    """What a plate map says of one cell: the sample's name, and its further columns as text."""

    name: str
    metadata: Mapping[str, str] = field(default_factory=dict)


def read_plate_map(
    path: Path, rows: int, columns: int, plate: str = ""
) -> dict[tuple[int, int], MappedSample]:
    """Return the samples of a CSV plate map by (row, column), counted from 0.

    The table has a name (`sample_id`, `name`..) and either a `cell` (`B3`, `r2c3`) or a `row` and
    a `column` counted from 1 (the row may be a letter). With a `plate` column only the rows of
    `plate` count. Further columns, such as `composition`, are kept. Commas, semicolons and tabs
    separate.

    Raise `InputError` naming the line that cannot be read, lies outside the grid or repeats.
    """
    samples: dict[tuple[int, int], MappedSample] = {}
    names: set[str] = set()
    for line, values in _lines(path):
        known, further = values
        if known.get("plate", plate) != plate:
            continue
        try:
            row, column = _place(known)
            _check(row, column, known["name"], rows, columns)
            if (row, column) in samples:
                raise InputError("this cell was named before; name each cell once")
            if known["name"] in names:
                raise InputError(f"sample {known['name']!r} was named before; use each name once")
        except InputError as error:
            raise InputError(f"{path}, line {line}: {error}") from None
        names.add(known["name"])
        samples[row, column] = MappedSample(known["name"], further)
    if not samples:
        raise InputError(f"{path}: the plate map names no sample of {plate or 'this plate'}")
    return samples


def _lines(path: Path) -> Iterator[tuple[int, tuple[dict[str, str], dict[str, str]]]]:
    """Yield each row's line number, its known columns and the others."""
    rows = read_rows(path)
    header = [plain(name) for name in rows.header]
    places = _known_columns(path, header)
    for line, values in rows.lines:
        known = {name: values[place] for name, place in places.items()}
        others = {
            name: values[place]
            for place, name in enumerate(header)
            if name and place not in places.values()
        }
        yield line, (known, others)


def names_cells(header: Sequence[str]) -> bool:
    """Return whether a table with this header, as written, is a plate map."""
    given = {plain(name) for name in header}
    has = {known for known, names in _COLUMNS.items() if given & set(names)}
    return {"name", "cell"} <= has or {"name", "row", "column"} <= has


def _known_columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    places = {
        known: header.index(next(name for name in names if name in header))
        for known, names in _COLUMNS.items()
        if set(names) & set(header)
    }
    if "name" not in places or not ("cell" in places or {"row", "column"} <= places.keys()):
        raise InputError(
            f"{path}, line 1: columns {', '.join(header) or '(none)'} given; sample_id, and cell "
            "or row and column, expected"
        )
    return places


def _place(known: Mapping[str, str]) -> tuple[int, int]:
    """Return row and column, counted from 0, of a table row."""
    if "cell" in known:
        numbered = re.fullmatch(r"[rR](\d+)[cC](\d+)", known["cell"])
        lettered = re.fullmatch(r"([A-Za-z]{1,2})(\d+)", known["cell"])
        match = numbered or lettered
        if match is None:
            raise InputError(f"cell {known['cell']!r} given; a name such as B3 or r2c3 expected")
        return _number(match[1], "row"), _number(match[2], "column")
    return _number(known["row"], "row"), _number(known["column"], "column")


def _number(text: str, what: str) -> int:
    if what == "row" and re.fullmatch(r"[A-Za-z]{1,2}", text):
        number = 0
        for letter in text.upper():
            number = 26 * number + ord(letter) - ord("A") + 1
        return number - 1
    if not re.fullmatch(r"\d+", text):
        raise InputError(f"{what} {text!r} given; a whole number from 1 expected")
    return int(text) - 1


def _check(row: int, column: int, name: str, rows: int, columns: int) -> None:
    if not (0 <= row < rows and 0 <= column < columns):
        raise InputError(
            f"row {row + 1}, column {column + 1} given; the grid has {rows} rows and {columns} "
            "columns, counted from 1"
        )
    if not name:
        raise InputError("the sample's name is empty; give one, or leave the line out")
