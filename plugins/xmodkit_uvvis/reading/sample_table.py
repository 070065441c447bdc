"""Tables of samples: which image and spectrum belong to each, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xmodkit.errors import InputError
from xmodkit.pair import Failure
from xmodkit_uvvis.reading.composition import (
    ELEMENTS,
    composition_text,
    fractions,
    parse_formula,
)
from xmodkit_uvvis.reading.library import (
    SpectrumOptions,
    SpectrumSource,
    points_of,
    row_as_spectrum,
)
from xmodkit_uvvis.reading.rows import NAMES, plain, read_rows

__all__ = ["SampleRow", "merge", "read_sample_table"]

# Every name under which a column is known, best first.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": NAMES,
    "image": ("image", "image_file", "scan", "scan_file"),
    "spectrum": ("spectrum", "spectrum_file"),
    "plate": ("plate", "plate_id"),
    "composition": ("composition", "formula"),
}


@dataclass(frozen=True)
class SampleRow:
    """What a table says of a sample; `place` is the file and line it says so.

    `image` and `spectrum` are files as written, `source` is a spectrum that stands in the line.
    """

    name: str
    table: Path
    place: str
    image: str = ""
    spectrum: str = ""
    source: SpectrumSource | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


def read_sample_table(path: Path, options: SpectrumOptions) -> Iterator[SampleRow | Failure]:
    """Yield the lines of a table with a column of sample ids; a line that cannot be is a failure.

    Columns may be `image`, `spectrum`, `plate`, `composition` or one column per element (any
    unit), and the points of a spectrum (`absorption_1.310eV`, `400 nm`). All others are kept.

    Raise `InputError` where the table as a whole cannot be read.
    """
    rows = read_rows(path)
    points = points_of(rows.header)
    columns = _Columns(rows.header, points)
    named: set[str] = set()
    for line, values in rows.lines:
        place = f"{path}, line {line}"
        name = columns.known(values, "name")
        try:
            if not name:
                raise InputError("the sample's id is empty; give one, or leave the line out")
            if name in named:
                raise InputError(f"sample {name!r} was named before; use each name once")
            named.add(name)
            row = columns.row(values, name, path, place, options)
        except InputError as error:
            yield Failure(name or f"{path.stem}-{line}", str(path), f"{place}: {error}", line)
        else:
            yield row


class _Columns:
    """What each column of a table's header is."""

    def __init__(self, header: Sequence[str], points: Sequence[int]) -> None:
        self.header = header
        self.points = points
        names = [plain(name) for name in header]
        self.places = {
            known: names.index(next(name for name in aliases if name in names))
            for known, aliases in _COLUMNS.items()
            if set(aliases) & set(names)
        }
        taken = {*self.places.values(), *points}
        free = [i for i in range(len(header)) if i not in taken and header[i]]
        # A composition written out leaves V and I free to be voltage and current.
        elements = "composition" not in self.places
        self.elements = [i for i in free if elements and header[i] in ELEMENTS]
        self.others = [i for i in free if i not in self.elements]

    def known(self, values: Sequence[str], name: str) -> str:
        return values[self.places[name]] if name in self.places else ""

    def row(
        self,
        values: Sequence[str],
        name: str,
        path: Path,
        place: str,
        options: SpectrumOptions,
    ) -> SampleRow:
        metadata: dict[str, Any] = {plain(self.header[i]): values[i] for i in self.others}
        groups = {}
        if plate := self.known(values, "plate"):
            groups["plate"] = plate
        if composition := self._composition(values):
            metadata["composition"] = composition
            groups["composition"] = composition_text(composition)
        return SampleRow(
            name,
            path,
            place,
            self.known(values, "image"),
            self.known(values, "spectrum"),
            self._source(values, name, path, options),
            groups,
            metadata,
        )

    def _composition(self, values: Sequence[str]) -> dict[str, float]:
        if text := self.known(values, "composition"):
            return parse_formula(text)
        try:
            amounts = {
                self.header[i]: float(values[i].replace(",", ".") or 0) for i in self.elements
            }
        except ValueError as error:
            raise InputError(f"amounts of elements expected ({error})") from None
        return fractions(amounts)

    def _source(
        self, values: Sequence[str], name: str, path: Path, options: SpectrumOptions
    ) -> SpectrumSource | None:
        given = [values[i] for i in self.points]
        if not any(given):
            return None
        return row_as_spectrum(name, [self.header[i] for i in self.points], given, path, options)


def merge(first: SampleRow, second: SampleRow) -> SampleRow:
    """Return what two tables say of one sample; raise `InputError` where they disagree."""
    for what in ("image", "spectrum", "source"):
        if getattr(first, what) and getattr(second, what):
            raise _disagree(first, second, what)
    for one, other in ((first.groups, second.groups), (first.metadata, second.metadata)):
        for what in one.keys() & other.keys():
            if one[what] != other[what]:
                raise _disagree(first, second, what)
    return SampleRow(
        first.name,
        first.table,
        f"{first.place} and {second.place}",
        first.image or second.image,
        first.spectrum or second.spectrum,
        first.source or second.source,
        {**first.groups, **second.groups},
        {**first.metadata, **second.metadata},
    )


def _disagree(first: SampleRow, second: SampleRow, what: str) -> InputError:
    return InputError(
        f"{first.place} and {second.place} both give a {what} of {first.name}; keep one of them"
    )
