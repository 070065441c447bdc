"""Read a text table of numbers as beamline software writes it: labels, header fields, columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError

__all__ = ["NumberTable", "read_columns", "read_text"]

Floats = NDArray[np.float64]

_DELIMITERS = (";", "\t", ",", None)  # None: white space
_COMMENT = re.compile(r"^\s*([#%!]+|//+)\s?")
_FIELD = re.compile(r"^([A-Za-z][\w.]*):\s*(.*)$")  # of an XDI header: `Element.symbol: Cu`
_LARGEST = 100_000_000  # bytes of a text file; a curve of a thousand points has 30 kB
_MISSING = frozenset({"", "-", "na", "n/a", "nan", "null"})


@dataclass(frozen=True, eq=False)
class NumberTable:
    """Columns of numbers: `values` (points, columns), NaN where a cell is empty.

    `labels` names the columns, None where the file does not; `fields` are those of the header,
    names in lower case (`element.symbol`).
    """

    labels: tuple[str, ...] | None
    values: Floats
    fields: Mapping[str, str]


def read_columns(path: Path) -> NumberTable:
    """Return a table of at least two columns (CSV, TSV, white space; decimal point or comma).

    Labels stand in XDI's fields `Column.1: energy eV`, or in the last line before the numbers,
    commented out or not. Raise `InputError` where the file cannot be read, or has a line that is
    not numbers among those that are.
    """
    header, lines = _header_and_lines(path)
    delimiter = _delimiter(path, lines)
    fields = {m[1].lower(): m[2].strip() for m in map(_FIELD.match, header) if m}
    first = next(i for i, (_, line) in enumerate(lines) if _numbers(line, delimiter) is not None)
    before = [line for _, line in lines[:first]] or header
    rows = list(_rows(path, lines[first:], delimiter))
    values = np.array(rows)
    return NumberTable(_labels(fields, before, delimiter, values.shape[1]), values, fields)


def read_text(path: Path) -> str:
    """Return a text file; raise `InputError` where it is none, too large, or cannot be opened."""
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path}: over {_LARGEST // 10**6} MB of text; a curve expected")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror})") from error
    if b"\0" in data[:1024]:
        raise InputError(f"{path}: no text; export columns of numbers as CSV")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # older software writes µ and Å so


def _header_and_lines(path: Path) -> tuple[list[str], list[tuple[int, str]]]:
    """Return what is commented out before the numbers, and the numbered lines that are not."""
    header: list[str] = []
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        comment = _COMMENT.match(line)
        if comment and not lines:
            header.append(line[comment.end() :].strip())
        elif not comment and line.strip(" \t;,"):
            lines.append((number, line))
    return [text for text in header if text.strip("-=/ ")], lines


def _delimiter(path: Path, lines: Sequence[tuple[int, str]]) -> str | None:
    """Return the delimiter under which the last line is two or more numbers."""
    for delimiter in _DELIMITERS if lines else ():
        row = _numbers(lines[-1][1], delimiter)
        if row is not None and len(row) > 1:
            return delimiter
    last = lines[-1][1].strip()[:40] if lines else "no line"
    raise InputError(f"{path}: {last!r} given last; columns of numbers expected, energy first")


def _rows(
    path: Path, lines: Sequence[tuple[int, str]], delimiter: str | None
) -> Iterator[list[float]]:
    width = len(_numbers(lines[0][1], delimiter) or ())
    for number, line in lines:
        row = _numbers(line, delimiter)
        if row is None or len(row) != width:
            raise InputError(
                f"{path}, line {number}: {line.strip()[:40]!r} given, {width} numbers expected; "
                "correct the line or leave it out"
            )
        yield row


def _labels(
    fields: Mapping[str, str], before: Sequence[str], delimiter: str | None, width: int
) -> tuple[str, ...] | None:
    named = [fields.get(f"column.{i}") for i in range(1, width + 1)]
    if all(named):
        return tuple(str(label) for label in named)
    for split in (delimiter, None, "\t", ","):  # labels may be apart by other signs than numbers
        labels = _cells(before[-1], split) if before else []
        if len(labels) == width:
            return tuple(labels)
    return None


def _cells(line: str, delimiter: str | None) -> list[str]:
    cells = line.split() if delimiter is None else next(csv.reader([line], delimiter=delimiter))
    return [cell.strip() for cell in cells]


def _numbers(line: str, delimiter: str | None) -> list[float] | None:
    """Return a line as numbers, NaN for an empty cell; None if it is anything else."""
    cells = _cells(line, delimiter)
    if all(cell.lower() in _MISSING for cell in cells):
        return None
    try:
        return [
            float("nan")
            if cell.lower() in _MISSING
            else float(cell if delimiter == "," else cell.replace(",", "."))
            for cell in cells
        ]
    except ValueError:
        return None
