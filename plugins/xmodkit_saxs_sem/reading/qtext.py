"""Frames as text: lines of `Qx Qy I [error]`, as SasView and reduction software write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xmodkit.errors import InputError
from xmodkit.pair import Options
from xmodkit_saxs_sem.reading.frame import Frame
from xmodkit_saxs_sem.reading.qgrid import PER_NM, gridded

__all__ = ["TEXT_SUFFIXES", "read_q_text"]

TEXT_SUFFIXES = (".dat", ".txt", ".csv")
_LARGEST, _MOST_LINES = 200_000_000, 4_000_000  # bytes, and lines: a frame of 2000 x 2000
_HEAD = 200  # lines in which numbers begin
# SasView's first line names no unit, and means 1/A.
_ANY_UNIT = re.compile(r"1\s*/\s*(nm|A|Å)|(nm|A|Å)\s*\^?\s*-\s*1|Data columns Qx", re.IGNORECASE)
_NANOMETRES = re.compile(r"1\s*/\s*nm|nm\s*\^?\s*-\s*1", re.IGNORECASE)


def read_q_text(path: Path, most: int, options: Options) -> Iterator[Frame]:
    """Yield the frame of a text file of three or four columns: Qx, Qy, I and I's error.

    Further columns are left out. q is in 1/A unless the header or the option `q_unit` says 1/nm.
    A point of no intensity and no error was not measured. Raise `InputError` for other files.
    """
    size = path.stat().st_size
    if size > _LARGEST:
        raise InputError(
            f"{size / 1e6:.0f} MB of text given, at most {_LARGEST / 1e6:.0f} read; rebin it"
        )
    head, delimiter, columns = _layout(path)
    skip, said = len(head), " ".join(head)
    try:
        table = np.loadtxt(
            path,
            delimiter=delimiter,
            skiprows=skip,
            usecols=range(columns),
            max_rows=_MOST_LINES + 1,
            ndmin=2,
            encoding="latin-1",
        )
    except ValueError as error:
        reason = " ".join(str(error).split()).partition("; use `usecols`")[0]
        raise InputError(f"lines of equally many numbers expected ({reason})") from error
    if len(table) > min(_MOST_LINES, most):
        raise InputError(f"over {min(_MOST_LINES, most):,} lines given; rebin them to fewer")
    unit = options.get("q_unit") or ("1/nm" if _NANOMETRES.search(said) else "1/A")
    known = options.get("q_unit") or _ANY_UNIT.search(said)
    notices = [] if known else ["q taken as 1/A; --q-unit 1/nm if it is not"]
    qx, qy, values = (table[:, i] for i in range(3))
    if not np.isfinite(table[:, :2]).all():
        raise InputError("Qx or Qy is not a number in some lines; leave those lines out")
    measured = np.isfinite(values)
    if table.shape[1] > 3:
        empty = (values == 0) & (table[:, 3] == 0)
        measured &= ~empty
        if empty.any():
            notices.append("points of no intensity and no error taken as not measured")
    qx, qy, values, measured = gridded(qx * PER_NM[unit], qy * PER_NM[unit], values, measured)
    q = (qx.astype(np.float32), qy.astype(np.float32))
    yield Frame(values, measured, q, notices=tuple(notices), calibration=f"q axes in {unit}")


def _layout(path: Path) -> tuple[list[str], str | None, int]:
    """Return the lines before the numbers, what parts these, and how many columns to read."""
    head: list[str] = []
    with path.open(encoding="latin-1") as file:
        for _ in range(_HEAD):
            line = file.readline(100_000)
            if not line:
                break
            for delimiter in (None, ",", ";"):
                if (columns := _numbers(line, delimiter)) >= 3:
                    return head, delimiter, min(columns, 4)
            head.append(line)
    raise InputError("no lines of numbers found; columns Qx, Qy, I and perhaps its error expected")


def _numbers(line: str, delimiter: str | None) -> int:
    """Return how many numbers a line is, 0 if anything else is in it."""
    try:
        return len([float(cell) for cell in line.split(delimiter)])
    except ValueError:
        return 0
