"""Read VASP's POSCAR and CONTCAR files."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from xmodkit.errors import InputError
from xmodkit.structures.ase_formats import read_as
from xmodkit.structures.checks import check_count
from xmodkit.structures.elements import atomic_number
from xmodkit.structures.frame import Frames
from xmodkit.structures.purpose import Purpose

__all__ = ["read_poscar"]

_NAMES, _COUNTS = 5, 6  # of the lines: elements, and how many atoms of each
_LONGEST_LINE = 100_000


def read_poscar(path: Path, purpose: Purpose) -> Frames:
    """Yield the structure of a POSCAR file.

    Raise `InputError` for one that is none, that declares too many atoms, or is of VASP 4 and
    does not name its elements; `MissingExtraError` without ASE.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = iter(lambda: file.readline(_LONGEST_LINE), "")
        head = list(islice(lines, _COUNTS + 1))
    if len(head) <= _COUNTS:
        raise InputError(f"{len(head)} lines given, a POSCAR of at least 8 expected")
    names, counts = head[_NAMES].split(), head[_COUNTS].split()
    if names and all(name.isdecimal() for name in names):
        names, counts = head[0].split(), names  # VASP 4: at best the comment names them
    if not counts or not all(count.isdecimal() for count in counts):
        raise InputError(f"line 7: {head[_COUNTS].strip()[:40]!r} given, counts of atoms expected")
    check_count(sum(int(count[:15]) for count in counts), purpose)
    if len(names) != len(counts):
        raise InputError(
            f"{len(counts)} counts of atoms for {len(names)} elements; name the elements in the "
            "line above the counts (VASP 5)"
        )
    for name in names:
        atomic_number(name.partition("_")[0].partition("/")[0])  # Fe_pv is iron
    yield from read_as(path, "vasp", purpose)
