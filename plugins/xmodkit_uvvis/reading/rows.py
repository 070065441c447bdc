"""Tables of samples as spreadsheets write them: a header and lines of text."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from xmodkit.errors import InputError

__all__ = ["NAMES", "Rows", "names_samples", "plain", "read_rows"]

# Every name under which the column of sample ids is known, best first.
NAMES = ("sample_id", "sample", "sample_name", "name", "id", "label")


@dataclass(frozen=True)
class Rows:
    """A table: its header as written, and its lines with their numbers, as many values each."""

    header: tuple[str, ...]
    lines: tuple[tuple[int, tuple[str, ...]], ...]


def read_rows(path: Path) -> Rows:
    """Return a table of text separated by commas, semicolons or tabs, empty lines left out.

    Raise `InputError` where it cannot be read, or has a line longer or shorter than the header.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: the table cannot be opened ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: the table is not text in UTF-8; save it as CSV") from error
    first = text.partition("\n")[0]
    table = csv.reader(StringIO(text), delimiter=max(",;\t", key=first.count))
    header = tuple(name.strip() for name in next(table, []))
    lines = []
    for values in table:
        if not any(value.strip() for value in values):
            continue
        if len(values) != len(header):
            raise InputError(
                f"{path}, line {table.line_num}: {len(values)} values given, "
                f"{len(header)} expected as in the header"
            )
        lines.append((table.line_num, tuple(value.strip() for value in values)))
    return Rows(header, tuple(lines))


def names_samples(path: Path) -> bool:
    """Return whether a file is a table with a column of sample ids, by its first line."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline()
    except (OSError, UnicodeDecodeError):
        return False
    return any(plain(name) in NAMES for name in re.split(r"[,;\t]", first))


def plain(name: str) -> str:
    """Return a column's name in lower case, words joined by `_`: `Sample ID` is `sample_id`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
