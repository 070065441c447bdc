"""Read xyz and extended xyz files frame by frame: a bad frame does not stop those after it.

Plain lines hold an element's symbol (or number) and three positions. The comment of an extended
file names its columns (`Properties=species:S:1:pos:R:3`), its cell (`Lattice="..."`) and where it
repeats (`pbc="T T F"`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError
from xmodkit.structures.checks import check_count
from xmodkit.structures.elements import atomic_number
from xmodkit.structures.frame import Frame, Frames, lattice
from xmodkit.structures.purpose import Purpose

__all__ = ["read_xyz"]

_LONGEST_LINE = 100_000  # letters; a file without line ends is no xyz
_LATTICE = re.compile(r"\bLattice\s*=\s*[\"'{]([^\"'}]*)[\"'}]", re.IGNORECASE)
_PBC = re.compile(r"\bpbc\s*=\s*[\"'{\[]?\s*((?:[TF01][a-z]*[\s,]*){1,3})", re.IGNORECASE)
_PROPERTIES = re.compile(r"\bProperties\s*=\s*[\"']?([\w:]+)", re.IGNORECASE)


def read_xyz(path: Path, purpose: Purpose) -> Frames:
    """Yield the frames of an xyz file, reading one at a time.

    Raise `InputError` where no count of atoms stands at the start, or too large a one anywhere:
    what follows is not read.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        lines = _Lines(file)
        while (count := _next_count(lines)) is not None:
            check_count(count, purpose)
            try:
                yield _frame(lines, count)
            except InputError as error:
                yield error
                lines.skip_to_count()


class _Lines:
    """Lines of a file, the next one to be looked at before it is taken."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0
        self._read()

    def _read(self) -> None:
        self.next = self._file.readline(_LONGEST_LINE)

    def take(self) -> str:
        line = self.next
        self.number += 1
        self._read()
        return line.rstrip("\r\n")

    def skip_blank(self) -> None:
        while self.next and not self.next.strip():
            self.take()

    def skip_to_count(self) -> None:
        while self.next and not _is_count(self.next):
            self.take()


def _is_count(line: str) -> bool:
    parts = line.split(maxsplit=1)
    return len(parts) == 1 and parts[0].isdecimal()


def _next_count(lines: _Lines) -> int | None:
    lines.skip_blank()
    if not lines.next:
        return None
    line = lines.take()
    if not _is_count(line) or len(line.strip()) > 15:
        raise InputError(
            f"line {lines.number}: {line[:40]!r} given, the number of atoms expected; is it an "
            "xyz file?"
        )
    return int(line)


def _frame(lines: _Lines, count: int) -> Frame:
    """Read the comment and the atoms of one frame, and see that it ends where it should."""
    comment = lines.take()
    symbol_at, place_at = _columns(comment)
    first = lines.number + 1
    rows: list[list[str]] = []
    while len(rows) < count and lines.next.strip() and not _is_count(lines.next):
        rows.append(lines.take().split())
    if len(rows) < count:
        raise InputError(f"{count} atoms declared, {len(rows)} given; is the file cut short?")
    lines.skip_blank()
    if lines.next and not _is_count(lines.next):
        raise InputError(
            f"{count} atoms declared, and more lines after them (line {lines.number + 1}); "
            "correct the number"
        )
    numbers = np.empty(count, np.int32)
    positions = np.empty((count, 3))
    for i, row in enumerate(rows):
        try:
            numbers[i] = atomic_number(row[symbol_at])
            positions[i] = row[place_at : place_at + 3]
        except InputError as error:
            raise InputError(f"line {first + i}: {error}") from None
        except (ValueError, IndexError):
            text = " ".join(row)[:60]
            raise InputError(
                f"line {first + i}: {text!r} given, an element and three positions expected"
            ) from None
    extended = "=" in comment
    return Frame(numbers, positions, _cell(comment), "" if extended else comment.strip()[:200])


def _columns(comment: str) -> tuple[int, int]:
    """Return where the element stands in a line, and where its first coordinate."""
    match = _PROPERTIES.search(comment)
    if match is None:
        return 0, 1
    parts = match[1].split(":")
    places: dict[str, int] = {}
    column = 0
    for name, size in zip(parts[::3], parts[2::3], strict=False):
        places[name.lower()] = column
        column += int(size) if size.isdecimal() else 1
    element = next((places[name] for name in ("species", "z", "numbers") if name in places), None)
    if element is None or "pos" not in places:
        raise InputError(f"Properties={match[1][:60]}: columns species and pos expected")
    return element, places["pos"]


def _cell(comment: str) -> NDArray[np.float64]:
    """Return the lattice vectors as rows, zero along directions that do not repeat."""
    match = _LATTICE.search(comment)
    if match is None:
        return np.zeros((3, 3))
    try:
        cell = np.array(match[1].replace(",", " ").split(), float).reshape(3, 3)
    except ValueError:
        raise InputError(f'Lattice="{match[1][:60]}" given, nine numbers expected') from None
    repeats = list(_flags(comment))
    if len(repeats) == 1:
        repeats *= 3
    if len(repeats) != 3:
        raise InputError('pbc: one or three of T and F expected, such as pbc="T T F"')
    return lattice(cell, np.array(repeats))


def _flags(comment: str) -> Iterator[bool]:
    match = _PBC.search(comment)
    if match is None:
        yield from (True, True, True)
        return
    for word in re.split(r"[\s,]+", match[1].strip(" ,")):
        yield word[:1] in "Tt1"
