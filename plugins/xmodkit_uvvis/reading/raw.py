"""Raw measurements as a laboratory keeps them: images, spectra and tables become whole samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from xmodkit.errors import InputError, UsageError
from xmodkit.inputs import real_path
from xmodkit.pair import Failure, Sample
from xmodkit.reading import describe
from xmodkit_uvvis.modalities import ENERGY_EV
from xmodkit_uvvis.reading.files import read_file
from xmodkit_uvvis.reading.library import SpectrumSource
from xmodkit_uvvis.reading.pairing import pair_by_stem, sample_ids
from xmodkit_uvvis.reading.plate import is_plate
from xmodkit_uvvis.reading.published import read_published
from xmodkit_uvvis.reading.rawfiles import RawFiles, failure, sort_files
from xmodkit_uvvis.reading.reflectance import read_reflectance
from xmodkit_uvvis.reading.sample_table import SampleRow

__all__ = ["read_raw"]

_PLAUSIBLE = (-0.5, 12.0)  # alpha x thickness: beyond lies percent, counts, or a dead detector

Items = Iterator[Sample | Failure]


def read_raw(paths: Sequence[Path], options: Mapping[str, Any]) -> Items:
    """Yield every sample of raw files, each with its scan and its spectrum.

    Files are published HDF5, `.npz` of reflectances, images, and text: spectra (one per file, or
    a column each), and tables of samples with a column `sample_id`. A table says what belongs
    together, or else equal names do: an image and a spectrum of one stem. With `--grid`, `--plate`
    or `--pitch-mm` images are plates, whose cells a plate map names. A sample that lacks its
    image or its spectrum is a failure naming it; so is whatever cannot be read.

    Raise `UsageError` for options that cannot mean anything.
    """
    raw = sort_files(paths, options)
    yield from raw.failures
    for path in raw.sets:
        yield from _guarded(path.stem, path, partial(_read_set, path))
    used: set[int] = set()
    yield from (_plates if is_plate(options) else _crops)(raw, options, used)
    for source in raw.spectra:
        if id(source) not in used and source.name not in raw.broken:
            why = f"spectrum of {source.name}: no image of that name; add it, or leave this out"
            yield failure(source.name, source.path, why)


def _read_set(path: Path) -> Items:
    if path.suffix.lower() == ".npz":
        yield from read_reflectance(path)
        return
    for sample in read_published(path, energies=ENERGY_EV):
        if "absorption" in sample.arrays:
            yield sample
        else:
            why = "; ".join(sample.notices) or "the file holds no spectra"
            yield failure(sample.id, path, f"{sample.id}: {why}", sample.ordinal)


def _crops(raw: RawFiles, options: Mapping[str, Any], used: set[int]) -> Items:
    """Yield the samples of images that are one crop each: those of tables, then the others'."""
    taken = set()
    for row in raw.rows.values():
        try:
            image, source = raw.image(row), raw.spectrum(row)
        except (InputError, OSError) as error:  # the table may name what cannot be a file
            yield failure(row.name, row.table, describe(error, row.place))
            continue
        if image is not None:
            taken.add(real_path(image))
        used.add(id(source))
        if image is None or source is None:
            yield _lacking(row, image, source)
        else:
            yield from _crop(row.name, image, source, row, options)
    left = [image for image in raw.images if image.stem not in raw.broken]
    images = [image for image in left if real_path(image) not in taken]
    spectra = [source for source in raw.spectra if id(source) not in used]
    pairs, ids = pair_by_stem(images, spectra), sample_ids(images)
    named = {source.name for source in spectra}
    for image in images:
        if image in pairs:
            used.add(id(pairs[image]))
            yield from _crop(ids[image], image, pairs[image], None, options)
        else:
            found = "several images or spectra are" if image.stem in named else "no spectrum is"
            why = f"{found} named {image.stem}; add one of that name, or name both in a table"
            yield failure(ids[image], image, why)


def _crop(
    name: str,
    image: Path,
    source: SpectrumSource,
    row: SampleRow | None,
    options: Mapping[str, Any],
) -> Items:
    for item in _guarded(name, image, partial(read_file, image, options)):
        named = replace(item, id=name)
        yield from [named] if isinstance(named, Failure) else _join(named, source, row)


def _plates(raw: RawFiles, options: Mapping[str, Any], used: set[int]) -> Items:
    """Yield the samples of plates: cells joined with spectra by the names the map gives them."""
    found: set[str] = set()
    for image in raw.images:
        for item in _guarded(image.stem, image, partial(_cells, image, raw, options)):
            if isinstance(item, Failure):
                yield item
                continue
            found.add(item.id)
            if item.id in raw.broken:
                continue
            row = raw.rows.get(item.id)
            try:
                source = raw.spectrum(row or SampleRow(item.id, image, str(image)))
            except (InputError, OSError) as error:
                yield failure(item.id, image, describe(error, image), item.ordinal)
                continue
            used.add(id(source))
            if source is not None:
                yield from _join(item, source, row)
            else:
                why = f"no spectrum of {item.id}; add it, or leave the cell out of the plate map"
                yield failure(item.id, image, why, item.ordinal)
    for row in raw.rows.values():
        if row.name not in found:
            yield failure(row.name, row.table, f"{row.place}: no cell of a plate is {row.name}")


def _cells(image: Path, raw: RawFiles, options: Mapping[str, Any]) -> Items:
    """Yield a plate's cells; those that its map leaves out are empty, and have no sample."""
    plate_map = options.get("plate_map") or _map_of(image, raw.maps)
    for item in read_file(image, {**options, "plate_map": plate_map}):
        named = isinstance(item, Failure) or item.id != f"{image.stem}-{item.metadata['cell']}"
        if named or not plate_map:
            yield item


def _map_of(image: Path, maps: Sequence[Path]) -> Path | None:
    """Return the plate map of an image's name, else the only one there is."""
    own = [path for path in maps if path.stem == image.stem] or list(maps)
    if len(own) > 1:
        raise InputError(
            f"{own[0]} and {own[1]} could be the plate map; name them like the image, or give "
            "--plate-map"
        )
    return own[0] if own else None


def _join(sample: Sample, source: SpectrumSource, row: SampleRow | None) -> Items:
    """Yield a sample with its spectrum and what its table says of it."""

    def join() -> Iterator[Sample]:
        spectrum = source.read()
        low, high = spectrum.absorption.min(), spectrum.absorption.max()
        if not (low >= _PLAUSIBLE[0] and high <= _PLAUSIBLE[1]):
            raise InputError(
                f"{source.path}: alpha x thickness from {low:.3g} to {high:.3g} given, "
                f"{_PLAUSIBLE[0]:g} to {_PLAUSIBLE[1]:g} expected; check the quantity and its base"
            )
        known = {**sample.metadata, **(row.metadata if row else {}), "spectrum": source.path.name}
        yield replace(
            sample,
            arrays={**sample.arrays, "absorption": {"absorption": spectrum.absorption}},
            metadata=known | ({"assumed": list(spectrum.notices)} if spectrum.notices else {}),
            groups={**sample.groups, **(row.groups if row else {})},
            notices=(*sample.notices, *spectrum.notices),
        )

    return _guarded(sample.id, Path(sample.source), join, sample.ordinal)


def _guarded(
    name: str, path: Path, read: Callable[[], Iterable[Sample | Failure]], ordinal: int = 0
) -> Items:
    """Yield what is read; whatever goes wrong becomes a failure of that sample."""
    try:
        yield from read()
    except UsageError:
        raise
    except Exception as error:  # one bad file never stops a batch
        yield Failure(name, str(path), describe(error, path), ordinal)


def _lacking(row: SampleRow, image: Path | None, source: SpectrumSource | None) -> Failure:
    lacks = [what for what, it in (("image", image), ("spectrum", source)) if it is None]
    why = f"{row.place}: {row.name} lacks its {' and its '.join(lacks)}; add it, or name its file"
    return failure(row.name, row.table, why)
