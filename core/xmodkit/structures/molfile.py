"""Read mol and sdf files record by record (V2000, as ASE reads them)."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.structures.elements import atomic_number
from xmodkit.structures.frame import Frame, Frames, of_atoms
from xmodkit.structures.purpose import Purpose

__all__ = ["read_molfile"]

_END = "$$$$"
_MOST_LINES = 20_000  # of one record: 999 atoms, as many bonds, and its data
_LONGEST_LINE = 10_000
_COUNTS, _DIMENSION = 3, slice(20, 22)  # the line of counts, and where line 1 says 2D or 3D
_SYMBOL = slice(31, 34)


def read_molfile(path: Path, purpose: Purpose) -> Frames:
    """Yield the molecules of a mol or sdf file, reading one record at a time.

    Raise `InputError` for a record without an end, `MissingExtraError` without ASE.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        while True:
            record: list[str] = []
            ended = False
            for line in iter(lambda: file.readline(_LONGEST_LINE), ""):
                ended = line.startswith(_END)
                if ended:
                    break
                record.append(line.rstrip("\r\n"))
                if len(record) > _MOST_LINES:
                    raise InputError(
                        f"more than {_MOST_LINES:,} lines without the end of a record ({_END}); "
                        "is it a mol or sdf file?"
                    )
            if any(line.strip() for line in record):
                try:
                    yield _frame(record, purpose)
                except InputError as error:
                    yield error
            if not ended:
                return


def _frame(record: list[str], purpose: Purpose) -> Frame:
    try:
        from ase.io.sdf import read_sdf
    except ImportError as error:
        raise MissingExtraError("reading mol and sdf files", "ase", purpose.extra) from error
    counts = record[_COUNTS] if len(record) > _COUNTS else ""
    if "V3000" in counts:
        raise InputError("a V3000 record given, V2000 expected; save it as V2000, or as xyz")
    if not counts[:3].strip().isdecimal():
        raise InputError(
            f"line 4 of the record: {counts[:40]!r} given, counts of atoms and bonds expected"
        )
    atoms = record[_COUNTS + 1 : _COUNTS + 1 + int(counts[:3])]
    for line in atoms:
        atomic_number(line[_SYMBOL].strip() or "?")
    if record[1][_DIMENSION] == "2D":
        raise InputError(
            "drawn flat (2D), which says nothing of distances; make a 3-D geometry of it first"
        )
    try:
        found = read_sdf(StringIO("\n".join(record) + "\n"))
    except Exception as error:  # ASE raises anything on a record it cannot read
        text = " ".join(str(error).split())[:120]
        raise InputError(f"no readable V2000 record ({type(error).__name__}: {text})") from error
    return of_atoms(found, record[0].strip()[:200])
