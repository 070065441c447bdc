"""Turn one input file, whatever it is, into samples: a crop, a plate's cells, a published set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, MissingExtraError, UsageError
from xmodkit.images import IMAGE_SUFFIXES, MAX_PIXELS, ImageFile, read_image
from xmodkit.pair import Failure, Sample
from xmodkit_uvvis.reading.grid import cut
from xmodkit_uvvis.reading.plate import is_plate, lay_grid
from xmodkit_uvvis.reading.platemap import MappedSample, read_plate_map
from xmodkit_uvvis.reading.published import read_published

__all__ = ["HDF5_SUFFIXES", "SUFFIXES", "read_file", "read_scan"]

HDF5_SUFFIXES = (".h5", ".hdf5")
SUFFIXES: tuple[str, ...] = (*IMAGE_SUFFIXES, *HDF5_SUFFIXES)


def read_file(
    path: Path, options: Mapping[str, Any], *, energies: NDArray[np.float64] | None = None
) -> Iterator[Sample | Failure]:
    """Yield the samples of an image, of a plate's cells, or of a published HDF5 file.

    `options` has the keys `grid`, `region`, `pitch_mm`, `dpi`, `plate`, `plate_map`, `margin` and
    `max_pixels`, each of them optional; see `plate.lay_grid`. Arrays are `scan` uint8 (y, x, 3),
    and of HDF5 files `absorption` at `energies`. Crops are contiguous copies; an image read as
    one crop is read-only. What cannot be read is yielded as a `Failure`.

    Raise `UsageError` for options that cannot mean anything.
    """
    count = 0
    try:
        for sample in _read(path, options, energies):
            yield sample
            count += 1
    except (InputError, MissingExtraError) as error:
        yield Failure(path.stem, str(path), str(error), ordinal=count)


def read_scan(path: Path, options: Mapping[str, Any]) -> ImageFile:
    """Return the image of a file, under the option `max_pixels`."""
    given = options.get("max_pixels")
    most = MAX_PIXELS if given is None else int(given)
    if most < 1:
        raise UsageError(f"--max-pixels {most}: give 1 or more")
    return read_image(path, max_pixels=most)


def _read(
    path: Path, options: Mapping[str, Any], energies: NDArray[np.float64] | None
) -> Iterator[Sample]:
    if path.suffix.lower() in HDF5_SUFFIXES:
        return read_published(path, energies=energies)
    plate = is_plate(options)
    image = read_scan(path, options)
    return _cells(path, image, options) if plate else iter([_crop(path, image)])


def _crop(path: Path, image: ImageFile) -> Sample:
    return Sample(path.stem, {"scan": {"scan": image.pixels}}, str(path), notices=image.notices)


def _cells(path: Path, image: ImageFile, options: Mapping[str, Any]) -> Iterator[Sample]:
    try:
        grid, notices = lay_grid(image, options)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error.__cause__
    named: Mapping[tuple[int, int], MappedSample] = {}
    if options.get("plate_map"):
        plate_map = Path(options["plate_map"])
        named = read_plate_map(plate_map, grid.rows, grid.columns, path.stem)
    for ordinal, (cell, pixels) in enumerate(cut(image.pixels, grid)):
        mapped = named.get((cell.row, cell.column), MappedSample(f"{path.stem}-{cell.name}"))
        groups = {"plate": path.stem}
        if mapped.metadata.get("composition"):
            groups["composition"] = mapped.metadata["composition"]
        yield Sample(
            mapped.name,
            {"scan": {"scan": pixels}},
            str(path),
            ordinal,
            {"cell": cell.name, **mapped.metadata},
            groups,
            (float(cell.row), float(cell.column)),
            (*image.notices, *notices),
        )
