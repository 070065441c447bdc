"""Read SEM images into samples: 8-bit grey with the size of a pixel, without the info bar."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, UsageError, XmodError
from xmodkit.images import MAX_PIXELS, read_image
from xmodkit.modality import Arrays
from xmodkit.pair import Failure, Options, Sample
from xmodkit.reading import describe
from xmodkit_saxs_sem.modalities import FIELD_NM, SEM_PIXEL_NM
from xmodkit_saxs_sem.reading.info_bar import image_rows
from xmodkit_saxs_sem.reading.sem_header import MicroscopeHeader, read_microscope_header

__all__ = ["MICROGRAPH_SUFFIXES", "read_micrographs"]

MICROGRAPH_SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg")
_GREY_NOTICE = "grey repeated in red, green and blue"  # of the reader; one channel is taken back
_ROUNDING = 1e-3  # of the field: a pixel's size has few digits
_FEWEST_LEVELS = 16  # that a micrograph of 8 bits uses; 12 bits stored in 16 leave as few

Grey = NDArray[np.uint8]


def read_micrographs(path: Path, options: Options) -> Iterator[Sample | Failure]:
    """Yield the micrograph of an image file as a sample of `sem`, or why it cannot be read.

    Arrays are `micrograph` uint8 (y, x) and `pixel_nm`. The size of a pixel is that of the option
    `sem_pixel_nm`, else of the header (FEI, Zeiss, ImageJ), else 2 nm with a notice. The info bar
    is cut off as the option `info_bar` says. Raise `UsageError` for options that cannot mean
    anything.
    """
    cut, most = _cut(options), _most(options)
    if (given := options.get("sem_pixel_nm")) is not None and not 0 < float(given) < np.inf:
        raise UsageError(f"--sem-pixel-nm {given}: give a size above 0")
    try:
        yield _sample(path, cut, most, options)
    except UsageError:
        raise
    except XmodError as error:
        yield Failure(path.stem, str(path), describe(error, path))


def _most(options: Options) -> int:
    most = MAX_PIXELS if options.get("max_pixels") is None else int(options["max_pixels"])
    if most < 1:
        raise UsageError(f"--max-pixels {most}: give 1 or more")
    return most


def _cut(options: Options) -> int | None:
    """Return the rows to cut off below, None to find them."""
    given = str(options.get("info_bar") or "auto").strip().lower()
    if given == "auto":
        return None
    if given != "none" and not given.isdecimal():
        raise UsageError(f"--info-bar {given}: give a number of rows, none or auto")
    return 0 if given == "none" else int(given)


def _sample(path: Path, cut: int | None, most: int, options: Options) -> Sample:
    if path.suffix.lower() not in MICROGRAPH_SUFFIXES:
        raise InputError(
            f"{path.suffix or 'no suffix'} given, one of {' '.join(MICROGRAPH_SUFFIXES)} expected"
        )
    image = read_image(path, max_pixels=most)
    header = read_microscope_header(path)
    notices = [text for text in image.notices if text != _GREY_NOTICE]
    grey = _luminance(image.pixels, notices)
    grey = _without_bar(grey, cut, header, notices)
    pixel_nm, source = _pixel(header, options, notices)
    height, width = (size * pixel_nm for size in grey.shape)
    if min(height, width) < FIELD_NM * (1 - _ROUNDING):
        raise InputError(
            f"field of view of {width:.0f} x {height:.0f} nm given ({pixel_nm:g} nm a pixel), "
            f"{FIELD_NM:.0f} nm or more expected each way; image a larger field, or correct "
            "--sem-pixel-nm"
        )
    if np.unique(grey).size < _FEWEST_LEVELS:
        notices.append(f"under {_FEWEST_LEVELS} grey levels used: stretch the contrast on export")
    return Sample(
        path.stem,
        {"sem": _arrays(grey, pixel_nm)},
        str(path),
        metadata={"pixel_from": source},
        groups={"sample": path.stem},
        notices=tuple(notices),
    )


def _arrays(grey: Grey, pixel_nm: float) -> Arrays:
    return {"micrograph": grey, "pixel_nm": np.array(pixel_nm, np.float32)}


def _luminance(pixels: NDArray[np.uint8], notices: list[str]) -> Grey:
    """Return the one channel of grey images, or the luminance of colours (ITU-R 601)."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return np.ascontiguousarray(red)
    notices.append("colours given: their luminance is taken")
    weighted = 299 * red.astype(np.uint32) + 587 * green.astype(np.uint32)
    return ((weighted + 114 * blue.astype(np.uint32) + 500) // 1000).astype(np.uint8)


def _without_bar(grey: Grey, cut: int | None, header: MicroscopeHeader, notices: list[str]) -> Grey:
    """Return the rows above the info bar: as told, by the header, or where one is seen."""
    height = len(grey)
    if cut is not None:
        rows = height - cut
    elif header.rows is not None:
        rows = header.rows
    else:
        rows = image_rows(grey)
        if rows < height:
            notices.append(
                f"info bar found: the lowest {height - rows} rows cut off; --info-bar none if not"
            )
    if rows < 1:
        raise InputError(f"{height} rows given, --info-bar {cut} leaves none; give fewer")
    return grey[:rows]


def _pixel(header: MicroscopeHeader, options: Options, notices: list[str]) -> tuple[float, str]:
    if options.get("sem_pixel_nm") is not None:
        return float(options["sem_pixel_nm"]), "option"
    if header.pixel_nm is not None:
        return header.pixel_nm, "header"
    notices.append(
        f"no size of a pixel in the file: {SEM_PIXEL_NM:g} nm taken; give --sem-pixel-nm"
    )
    return SEM_PIXEL_NM, "default"
