"""What lies in a folder of raw measurements: images, sets, spectra, tables of samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from xmodkit.errors import InputError, UsageError
from xmodkit.images import IMAGE_SUFFIXES
from xmodkit.inputs import real_path
from xmodkit.pair import Failure
from xmodkit.reading import describe
from xmodkit_uvvis.reading.files import HDF5_SUFFIXES
from xmodkit_uvvis.reading.library import (
    SpectrumOptions,
    SpectrumSource,
    columns_as_spectra,
    spectrum_file,
)
from xmodkit_uvvis.reading.pairing import nearest
from xmodkit_uvvis.reading.platemap import names_cells
from xmodkit_uvvis.reading.rows import names_samples, read_rows
from xmodkit_uvvis.reading.sample_table import SampleRow, merge, read_sample_table
from xmodkit_uvvis.reading.table import read_columns, read_table

__all__ = ["SET_SUFFIXES", "TEXT_SUFFIXES", "RawFiles", "failure", "sort_files"]

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".dat")
SET_SUFFIXES = (*HDF5_SUFFIXES, ".npz")

Place = TypeVar("Place", Path, SpectrumSource)


@dataclass
class RawFiles:
    """The files of one run by what they are, and failures of those that are nothing known.

    `rows` is what all tables together say of each sample, `broken` names those of which they say
    what cannot be, one failure each; `maps` are the tables that name cells.
    """

    options: SpectrumOptions
    images: list[Path] = field(default_factory=list)
    sets: list[Path] = field(default_factory=list)
    spectra: list[SpectrumSource] = field(default_factory=list)
    rows: dict[str, SampleRow] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    maps: list[Path] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._images: dict[str, list[Path]] = defaultdict(list)
        self._spectra: dict[str, list[SpectrumSource]] = defaultdict(list)

    def add_image(self, path: Path) -> None:
        """Take an image, to be found by its path, name and stem."""
        self.images.append(path)
        for key in {str(real_path(path)), path.name, path.stem}:
            self._images[key].append(path)

    def add_spectrum(self, source: SpectrumSource) -> None:
        """Take a spectrum, to be found by its sample, and by the path and name of its file."""
        self.spectra.append(source)
        for key in {source.name, str(real_path(source.path)), source.path.name}:
            self._spectra[key].append(source)

    def add_row(self, row: SampleRow | Failure) -> None:
        """Take what a table says of a sample, beside what others said."""
        if isinstance(row, Failure):
            self.failures.append(row)
            if row.id not in self.rows:  # else this line repeats one that is sound
                self.broken.add(row.id)
            return
        if row.name in self.broken:
            return
        known = self.rows.get(row.name)
        try:
            self.rows[row.name] = merge(known, row) if known else row
        except InputError as error:
            del self.rows[row.name]
            self.broken.add(row.name)
            self.failures.append(Failure(row.name, str(row.table), str(error)))

    def image(self, row: SampleRow) -> Path | None:
        """Return the image that a row names, else that of the sample's name; None without one.

        Raise `InputError` if it could be several.
        """
        if not row.image:
            return _nearest("image", row, self._images.get(row.name, []))
        beside = row.table.parent / row.image
        return beside if beside.is_file() else _nearest("image", row, self._images[row.image])

    def spectrum(self, row: SampleRow) -> SpectrumSource | None:
        """Return the spectrum that a row holds or names, else that of the sample's name.

        Raise `InputError` if it could be several.
        """
        if row.source is not None:
            return row.source
        if not row.spectrum:
            named = [s for s in self._spectra.get(row.name, []) if s.name == row.name]
            return _nearest("spectrum", row, named)
        beside = row.table.parent / row.spectrum
        if not beside.is_file():
            return _nearest("spectrum", row, self._spectra[row.spectrum])
        known = self._spectra.get(str(real_path(beside)))
        if known is None:  # a table may name files that were not given
            return spectrum_file(beside, self.options)
        return _nearest("spectrum", row, [s for s in known if s.name == row.name] or known)


def sort_files(paths: Sequence[Path], options: Mapping[str, Any]) -> RawFiles:
    """Return files by what they are, told by their suffixes and by the headers of texts.

    The pair's option `plate_map` names one more table.
    """
    raw = RawFiles(SpectrumOptions.of(options))
    texts = [path for path in paths if path.suffix.lower() in TEXT_SUFFIXES]
    for path in paths:
        suffix = path.suffix.lower()
        if suffix in IMAGE_SUFFIXES:
            raw.add_image(path)
        elif suffix in SET_SUFFIXES:
            raw.sets.append(path)
        elif suffix not in TEXT_SUFFIXES:
            known = ", ".join((*IMAGE_SUFFIXES, *SET_SUFFIXES, *TEXT_SUFFIXES))
            raw.failures.append(failure(path.name, path, f"of a kind not read; {known} are"))
    given = options.get("plate_map")
    if given and real_path(Path(given)) not in map(real_path, texts):
        texts.append(Path(given))
    for path in texts:
        try:
            _take_text(raw, path)
        except UsageError:
            raise
        except Exception as error:  # one bad file never stops a batch
            raw.failures.append(failure(path.stem, path, describe(error, path)))
    return raw


def failure(name: str, path: Path, why: str, ordinal: int = 0) -> Failure:
    """Return the failure of a sample, on a line that names its file."""
    text = why if str(path) in why else f"{path}: {why}"
    return Failure(name, str(path), text, ordinal)


def _take_text(raw: RawFiles, path: Path) -> None:
    """Sort a text file into the spectra and rows, by what its header says."""
    if _holds_one_spectrum(path, raw.options):
        raw.add_spectrum(spectrum_file(path, raw.options))
    elif names_samples(path):
        if names_cells(read_rows(path).header):
            raw.maps.append(path)
        for row in read_sample_table(path, raw.options):
            raw.add_row(row)
    else:
        try:
            sources = columns_as_spectra(path, raw.options)
        except InputError:  # neither: its reader says why once the image of its name is found
            sources = [spectrum_file(path, raw.options)]
        for source in sources:
            raw.add_spectrum(source)


def _holds_one_spectrum(path: Path, options: SpectrumOptions) -> bool:
    """Return whether headers say so; with `--quantity` headers of many columns name samples."""
    try:
        read_table(path)
        return options.quantity is None or len(read_columns(path)) == 2
    except InputError:
        return False


def _nearest(what: str, row: SampleRow, found: Sequence[Place]) -> Place | None:
    """Return the one found, of several the nearest to the table."""
    places = [item if isinstance(item, Path) else item.path for item in found]
    close = nearest(row.table, places)
    if len(close) > 1:
        raise InputError(
            f"{row.place}: {places[close[0]]} and {places[close[1]]} could be the {what} of "
            f"{row.name}; name its file in the table"
        )
    return found[close[0]] if close else None
