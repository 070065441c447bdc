"""Read an instrument's text table: which columns it has, by what their headers say."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError

__all__ = ["Column", "kind_of", "read_columns", "read_table", "words"]

Floats = NDArray[np.float64]

_DELIMITERS = (";", "\t", ",", None)  # None: white space
# The first kind one of whose words stands in a header is the column's: alpha*t is no
# transmission, absorbance at 500 nm no axis.
_KINDS: Mapping[str, frozenset[str]] = {
    "absorption": frozenset({"absorption", "alpha", "alphat", "α", "αt"}),
    "absorbance": frozenset({"absorbance", "abs", "a", "a10", "od", "density", "extinction"}),
    "transmission": frozenset({"transmission", "transmittance", "trans", "t"}),
    "reflection": frozenset({"reflection", "reflectance", "refl", "r"}),
    "axis": frozenset({"wavelength", "lambda", "λ", "energy", "nm", "ev", "hv", "hν"}),
}
_ARBITRARY = re.compile(r"\ba\. ?u\b|\bau\b|\barb\b")
_LOGARITHM = re.compile(r"\blog ?\(?10\b|\bln\b")


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table: its header as written and its values (points,)."""

    header: str
    values: Floats


def words(header: str) -> frozenset[str]:
    """Return the words of a header in lower case: `Transmission_(%)` is transmission and %.

    Arbitrary units (a.u.) say nothing and are left out.
    """
    return frozenset(re.findall(r"[a-zα-ωµ]+\d*|%", _ARBITRARY.sub(" ", _plain(header))))


def _plain(header: str) -> str:
    return header.lower().replace("_", " ")


def read_table(path: Path) -> dict[str, Column]:
    """Return a table's columns by kind, those that it has.

    Kinds are `axis`, `absorption`, `absorbance`, `transmission` and `reflection`. Lines before the
    header are passed over. Raise `InputError` for a table without numbers, header or axis, with
    one kind twice, or with a line that is not numbers.
    """
    given = read_columns(path)
    columns: dict[str, Column] = {}
    for column in given:
        kind = kind_of(column.header)
        if kind in columns:
            raise InputError(
                f"columns {columns[kind].header!r} and {column.header!r} both hold {kind}; "
                "keep one spectrum per file"
            )
        if kind:
            columns[kind] = column
    if "axis" not in columns or len(columns) < 2:
        raise InputError(
            f"columns {', '.join(repr(c.header) for c in given)} given; a wavelength in nm or an "
            "energy in eV, and absorbance, absorption, or transmission and reflection expected"
        )
    return columns


def read_columns(path: Path) -> list[Column]:
    """Return the columns of a table of numbers under one header line.

    Raise `InputError` for a table without numbers or header, or with a line that is not numbers.
    """
    header, rows = _split(_lines(path))
    return [Column(name, rows[:, place]) for place, name in enumerate(header)]


def kind_of(header: str) -> str:
    """Return what a column holds by its header, "" where the header does not say."""
    found = words(header)
    kind = next((kind for kind, names in _KINDS.items() if names & found), "")
    # `Absorption (a.u.)` is mostly a spectrometer's absorbance: its base must be told.
    loose = _ARBITRARY.search(_plain(header)) or _LOGARITHM.search(_plain(header))
    return "absorbance" if kind == "absorption" and loose else kind


def _lines(path: Path) -> list[tuple[int, str]]:
    """Return the numbered lines that are not empty."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"the spectrum cannot be opened ({error.strerror})") from error
    if b"\0" in data[:1024]:
        raise InputError("no text; export the spectrum as CSV in UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # instrument software of old writes µ and ° so
    return [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip(" \t;,")]


def _split(lines: Sequence[tuple[int, str]]) -> tuple[list[str], Floats]:
    """Return the header and the numbers (points, columns)."""
    for delimiter in _DELIMITERS:
        last = _numbers(_fields(lines[-1][1], delimiter), delimiter) if lines else None
        if last is not None and len(last) > 1:
            break
    else:
        raise InputError("the last line holds no numbers; a table under one header line expected")
    parsed = [_numbers(_fields(line, delimiter), delimiter) for _, line in lines]
    start = next(i for i, row in enumerate(parsed) if row is not None and len(row) > 1)
    if start == 0:
        raise InputError("no header; name the columns, e.g. wavelength_nm,absorbance_log10")
    header = _fields(lines[start - 1][1].lstrip("# "), delimiter)
    rows = list(_checked(lines[start:], parsed[start:], len(header)))
    return header, np.array(rows)


def _checked(
    lines: Sequence[tuple[int, str]], parsed: Sequence[list[float] | None], width: int
) -> Iterator[list[float]]:
    for (number, line), row in zip(lines, parsed, strict=True):
        if row is None or not all(math.isfinite(value) for value in row):
            raise InputError(f"line {number}: {line.strip()[:40]!r} given, numbers expected")
        if len(row) != width:
            raise InputError(
                f"line {number}: {len(row)} values under {width} column names; separate columns "
                "by semicolons where the decimal sign is a comma"
            )
        yield row


def _fields(line: str, delimiter: str | None) -> list[str]:
    fields = line.split() if delimiter is None else next(csv.reader([line], delimiter=delimiter))
    fields = [field.strip() for field in fields]
    while fields and not fields[-1]:
        fields.pop()
    return fields


def _numbers(fields: Sequence[str], delimiter: str | None) -> list[float] | None:
    """Return the fields as numbers, or None if one is none."""
    try:
        return [float(f if delimiter == "," else f.replace(",", ".")) for f in fields]
    except ValueError:
        return None
