"""Frames in TIFF, PNG and JPEG: counts as they are stored, or a picture of some frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin
from PIL.ImageFile import ImageFile

from xmodkit.errors import InputError
from xmodkit_saxs_sem.reading.frame import MAX_FRAMES, Frame, check_shape, invalid

__all__ = ["PICTURE_SUFFIXES", "description", "read_pictures"]

# The format's own class, not Image.open: that checks the size against a limit of the whole
# process, and warns.
_FORMATS: Mapping[str, Callable[[BinaryIO], ImageFile]] = {
    ".tif": TiffImagePlugin.TiffImageFile,
    ".tiff": TiffImagePlugin.TiffImageFile,
    ".png": PngImagePlugin.PngImageFile,
    ".jpg": JpegImagePlugin.JpegImageFile,
    ".jpeg": JpegImagePlugin.JpegImageFile,
}
PICTURE_SUFFIXES = tuple(_FORMATS)
_COUNTS = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
_DESCRIPTION = 270  # TIFF tag


def read_pictures(path: Path, most: int) -> Iterator[Frame]:
    """Yield the frames of an image: every page of a TIFF, else the one there is.

    One channel of 16 or 32 bits keeps its counts. Of 8 bits or of colours it is a picture, whose
    luminance (ITU-R 601) stands for intensity, with a notice.
    Raise `InputError` for a file that is no such image, damaged, or over `most` pixels.
    """
    with path.open("rb") as stream:
        try:
            image = _FORMATS[path.suffix.lower()](stream)
        except SyntaxError as error:
            kind = path.suffix.lstrip(".").upper()
            raise InputError(
                f"no {kind} image in it ({error}); copy it again, or rename it to what it is"
            ) from error
        pages = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        if pages > MAX_FRAMES:
            raise InputError(f"{pages} pages given, at most {MAX_FRAMES} frames read; split it")
        for page in range(pages):
            if page:
                image.seek(page)
            check_shape((image.height, image.width), most)
            yield _frame(image, f"-{page + 1}" if pages > 1 else "")


def description(image: ImageFile) -> str:
    """Return what a TIFF says of itself in words."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return ""
    return str(image.tag_v2.get(_DESCRIPTION, ""))


def _frame(image: ImageFile, name: str) -> Frame:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        # With memory already there, Pillow leaves out its second check of the size.
        image.im = Image.new(image.mode, (image.tag_v2[256], image.tag_v2[257])).im
    image.load()
    header: dict[str, Any] = {"description": text} if (text := description(image)) else {}
    if image.mode in _COUNTS:
        values = np.asarray(image)
        return Frame(values, ~invalid(values), name=name, header=header)
    if image.mode in ("1", "L"):
        notice = "8-bit picture: its grey levels may be a logarithm or clipped, not intensities"
    else:
        notice = "colour picture: its luminance is taken, which is not linear in intensity"
    grey = np.asarray(image.convert("L") if image.mode in ("1", "L") else _luminance(image))
    return Frame(grey, np.ones(grey.shape, bool), name=name, notices=(notice,), header=header)


def _luminance(image: ImageFile) -> Image.Image:
    """Return the luminance of colours, alpha laid on black: nothing was drawn there."""
    if "A" in image.mode or "transparency" in image.info:
        black = Image.new("RGBA", image.size, "black")
        black.alpha_composite(image.convert("RGBA"))
        return black.convert("RGB").convert("L")
    return image.convert("RGB").convert("L")
