"""Many spectra in one table: a column per sample beside one axis, or a line per sample."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.errors import InputError
from xmodkit_uvvis.modalities import ENERGY_EV
from xmodkit_uvvis.reading.spectra import Base, SpectrumFile, absorption_of, read_spectrum
from xmodkit_uvvis.reading.table import Column, kind_of, read_columns

__all__ = [
    "SpectrumOptions",
    "SpectrumSource",
    "columns_as_spectra",
    "points_of",
    "row_as_spectrum",
    "spectrum_file",
]

_POINT = re.compile(r"(?:(.*?)[ _]+)?(\d+(?:\.\d+)?) ?(nm|ev)(?:_inferred)?", re.IGNORECASE)
_OPEN = "spectrum"  # the header of a column that does not say what it holds
_FEWEST_POINTS = 10  # fewer columns named like `laser_532nm` are remarks, no spectrum


@dataclass(frozen=True)
class SpectrumOptions:
    """What the options say of spectra whose headers leave it open."""

    absorbance_base: Base | None = None
    neglect_reflection: bool = False
    quantity: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> SpectrumOptions:
        """Take them from the pair's options."""
        return cls(
            options.get("absorbance_base"),
            bool(options.get("neglect_reflection")),
            options.get("quantity"),
        )

    def kind(self, header: str) -> str:
        """Return what a column of a table of many spectra holds; raise `InputError` if open."""
        said = kind_of(header) or self.quantity or ("absorbance" if self.absorbance_base else "")
        if said in ("", "axis"):
            raise InputError(
                "what these spectra are is open; give --quantity absorption (alpha x thickness), "
                "or --absorbance-base 10 or e"
            )
        return said


@dataclass(frozen=True)
class SpectrumSource:
    """A spectrum not read yet: the sample it names, its file, and how to read it."""

    name: str
    path: Path
    read: Callable[[], SpectrumFile]


def spectrum_file(path: Path, options: SpectrumOptions) -> SpectrumSource:
    """Return the spectrum of a file that holds one; it names the sample by its stem."""

    def read() -> SpectrumFile:
        return read_spectrum(
            path,
            ENERGY_EV,
            absorbance_base=options.absorbance_base,
            neglect_reflection=options.neglect_reflection,
        )

    return SpectrumSource(path.stem, path, read)


def columns_as_spectra(path: Path, options: SpectrumOptions) -> list[SpectrumSource]:
    """Return a spectrum per column of a table with one axis; headers name the samples.

    Raise `InputError` if the table has no axis or several, or names a sample twice.
    """
    columns = read_columns(path)
    axes = [column for column in columns if kind_of(column.header) == "axis"]
    spectra = [column for column in columns if column not in axes]
    if len(axes) != 1 or not spectra:
        raise InputError(f"{len(axes)} axes given; one wavelength in nm or energy in eV expected")
    names = [column.header for column in spectra]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"sample {twice[0]!r} is named twice; use each name once")
    return [
        SpectrumSource(c.header, path, _reader(axes[0], Column(_OPEN, c.values), path, options))
        for c in spectra
    ]


def points_of(header: Sequence[str]) -> list[int]:
    """Return which columns of a table of samples are points of a spectrum (`absorption_1.31eV`).

    All are of one quantity and unit; too few are none.
    """
    matches = [_POINT.fullmatch(name) for name in header]
    kinds = [match and (match[1], match[3].lower()) for match in matches]
    points = [i for i, kind in enumerate(kinds) if kind is not None]
    if len(points) < _FEWEST_POINTS or len({kinds[i] for i in points}) > 1:
        return []
    return points


def row_as_spectrum(
    name: str, header: Sequence[str], values: Sequence[str], path: Path, options: SpectrumOptions
) -> SpectrumSource:
    """Return the spectrum in a table's line, given its points alone.

    Raise `InputError` if a value is no number.
    """
    matches = [match for text in header if (match := _POINT.fullmatch(text))]
    try:
        numbers = np.array([float(value.replace(",", ".")) for value in values])
    except ValueError as error:
        raise InputError(f"spectrum of {name}: numbers expected ({error})") from None
    if not np.isfinite(numbers).all():
        raise InputError(f"spectrum of {name}: NaN or infinite values given, numbers expected")
    axis = Column(matches[0][3], np.array([float(match[2]) for match in matches]))
    column = Column(matches[0][1] or _OPEN, numbers)
    return SpectrumSource(name, path, _reader(axis, column, path, options))


def _reader(
    axis: Column, column: Column, path: Path, options: SpectrumOptions
) -> Callable[[], SpectrumFile]:
    def read() -> SpectrumFile:
        try:
            kind = options.kind(column.header)
            spectrum = absorption_of(
                {"axis": axis, kind: column},
                ENERGY_EV,
                absorbance_base=options.absorbance_base,
                neglect_reflection=options.neglect_reflection,
            )
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        if column.header != _OPEN or options.quantity is None:
            return spectrum
        taken = f"spectra taken as {kind}, as --quantity says"
        return replace(spectrum, notices=(taken, *spectrum.notices))

    return read
