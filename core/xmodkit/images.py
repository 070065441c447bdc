"""Read an image file into 8-bit RGB, converting with a notice or refusing with a reason.

Pillow alone clips 16-bit grey, cuts 16-bit colour and drops alpha; here every conversion is either
exact to the nearest level and named in a notice, or refused.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    Image,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    features,
)
from PIL.ImageFile import ImageFile as PillowFile

from xmodkit.errors import InputError

__all__ = ["IMAGE_SUFFIXES", "MAX_PIXELS", "ImageFile", "read_image"]

MAX_PIXELS = 300_000_000  # an A4 scan at 1200 dpi has 139 million

Pixels = NDArray[np.uint8]

# Damaged metadata is no reason to print lines between a user's results. Set once, at import:
# the filters belong to the whole process and must not be touched from a reader's thread.
# Appended, so that filters of the embedding program come first.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.", append=True)

_SIGNATURES: Mapping[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"BM": "BMP",
}
# The format's own class, not Image.open: that checks the size against a limit of the whole
# process, and warns.
_FORMATS: Mapping[str, Callable[[BinaryIO], PillowFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}
_SUFFIX_FORMATS: Mapping[str, str] = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
IMAGE_SUFFIXES: tuple[str, ...] = tuple(_SUFFIX_FORMATS)

_TURNS: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_METADATA = ("exif", "xmp", "Raw profile type exif", "XML:com.adobe.xmp")
_SWAPPED = {"L": "B", "B": "L", "N": "L" if sys.byteorder == "big" else "B"}
_ALPHA_MODES = ("RGBA", "RGBa", "LA", "PA")
_PROFILE_SPACES: Mapping[str, str] = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
_SRGB_TOLERANCE = 2  # levels; a profile that changes no colour by more is sRGB


@dataclass(frozen=True, eq=False)
class ImageFile:
    """A decoded image: `pixels` (height, width, 3), read-only; what was converted; dots per inch.

    `dpi` is (horizontal, vertical), or None where the file does not say.
    """

    pixels: Pixels
    format: str
    notices: tuple[str, ...] = ()
    dpi: tuple[float, float] | None = None


def read_image(source: Path | BinaryIO, *, max_pixels: int = MAX_PIXELS) -> ImageFile:
    """Return the image of a PNG, TIFF, JPEG or BMP file (or seekable stream) as 8-bit sRGB.

    16-bit values are divided by 257, palette, CMYK and grey become RGB, alpha is laid on white,
    the EXIF orientation and an ICC profile are applied; each leaves a notice. The size is checked
    before anything is decoded.

    Raise `InputError` for a file that is absent, empty, cut short, no image, named as another
    format, of unsupported depth, or larger than `max_pixels`.
    """
    if isinstance(source, Path):
        with _explained(str(source)), source.open("rb") as stream:
            return _read(stream, source.name, max_pixels)
    with _explained(str(getattr(source, "name", "image"))):
        return _read(source, "", max_pixels)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn whatever Pillow raises on a damaged file into one line that names the file."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}") from error.__cause__
    except FileNotFoundError as error:
        raise InputError(f"{name}: there is no such file; check the path") from error
    except (IsADirectoryError, PermissionError) as error:
        raise InputError(f"{name}: cannot be opened ({error.strerror})") from error
    except Exception as error:  # on damaged files Pillow raises nearly anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{name}: the image is damaged or cut short ({reason}); copy or export it again"
        ) from error


def _read(stream: BinaryIO, filename: str, max_pixels: int) -> ImageFile:
    format_ = _identify(stream, filename)
    image = _FORMATS[format_](stream)
    _check_size(image, max_pixels)
    notices = ["first of several pages read"] if getattr(image, "is_animated", False) else []
    orientation = _tiff_tag(image, 274, 1)  # Pillow turns a TIFF itself while it loads
    decoded = _load(image, stream, notices)
    if format_ != "TIFF" and any(key in image.info for key in _METADATA):
        orientation = image.getexif().get(274, 1)
        if orientation in _TURNS:
            decoded = decoded.transpose(_TURNS[orientation])
    if orientation in _TURNS:
        notices.append("turned by its EXIF orientation")
    pixels = np.asarray(_to_rgb(decoded, image.info, notices))
    return ImageFile(pixels, format_, tuple(notices), _dpi(image.info, orientation))


def _identify(stream: BinaryIO, filename: str) -> str:
    stream.seek(0)
    head = stream.read(8)
    stream.seek(0)
    if not head:
        raise InputError("the file is empty; copy or export it again")
    found = next((f for start, f in _SIGNATURES.items() if head.startswith(start)), None)
    if found is None:
        raise InputError(f"no PNG, TIFF, JPEG or BMP image (it starts with {head!r})")
    expected = _SUFFIX_FORMATS.get(Path(filename).suffix.lower(), found)
    if expected != found:
        suffix = next(s for s, f in _SUFFIX_FORMATS.items() if f == found)
        raise InputError(
            f"named as {expected} but holds {found}; rename it to {Path(filename).stem}{suffix}"
        )
    return found


def _check_size(image: PillowFile, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise InputError(
            f"{width} x {height} = {width * height:,} pixels given, at most {max_pixels:,} "
            "accepted; raise --max-pixels if the file is trusted"
        )


# Depth: everything leaves here with 8 bits per channel


def _load(image: PillowFile, stream: BinaryIO, notices: list[str]) -> Image.Image:
    """Decode into 8 bits per channel, in whatever colour mode the file has."""
    raw_mode = _raw_mode(image.tile[0]) if image.tile else ""
    if image.mode in ("I", "F") or raw_mode == "I;12":
        raise InputError(
            "signed, 12-bit or 32-bit pixels given, 8 or 16 bit unsigned expected; export it again"
        )
    if image.format == "BMP" or ";16" not in raw_mode:  # BMP's 16 bits are 5 or 6 per colour
        _decode(image)
        return image
    if "transparency" in image.info or "RGBa" in raw_mode or _tiff_tag(image, 284, 1) == 2:
        raise InputError(
            "16-bit pixels with a transparent colour, premultiplied alpha or separate planes "
            "given; export it interleaved, with plain alpha or none"
        )
    notices.append("16-bit values divided by 257")
    pixels = _divide_by_257(*_high_and_low_bytes(image, stream, raw_mode))
    mode = "L" if pixels.ndim == 2 else image.mode
    return Image.frombytes(mode, (pixels.shape[1], pixels.shape[0]), pixels.tobytes())


def _high_and_low_bytes(
    image: PillowFile, stream: BinaryIO, raw_mode: str
) -> tuple[Pixels, Pixels]:
    """Return the high and the low byte of every 16-bit value, (y, x) or (y, x, channel)."""
    if image.mode.startswith("I;16"):
        _decode(image)
        grey = np.asarray(image)
        if _tiff_tag(image, 262, 1) == 0:  # white is zero; Pillow inverts 8-bit values only
            grey = 65535 - grey
        return (grey >> 8).astype(np.uint8), (grey & 255).astype(np.uint8)
    if raw_mode == "LA;16B":  # as wide as RGBA, so one pass yields all four bytes
        _decode(image, lambda _: "RGBA")
        grey_alpha = np.asarray(image)
        return grey_alpha[..., [0, 0, 0, 2]], grey_alpha[..., [1, 1, 1, 3]]
    # Pillow keeps the high byte of 16-bit colour. Told the other byte order, it keeps the low one.
    _decode(image)
    stream.seek(0)
    low = _FORMATS[str(image.format)](stream)
    _decode(low, lambda raw: raw[:-1] + _SWAPPED[raw[-1]])
    return np.asarray(image), np.asarray(low)


def _divide_by_257(high: Pixels, low: Pixels) -> Pixels:
    """Return 256 high + low divided by 257, to the nearest level, without a wider copy.

    256 h + l = 257 h + (l - h), so the quotient is h, or a neighbour where |l - h| > 128.
    """
    excess = low.astype(np.int16) - high
    return high + (excess > 128).astype(np.uint8) - (excess < -128).astype(np.uint8)


def _decode(image: PillowFile, raw_mode: Callable[[str], str] | None = None) -> None:
    """Load an image, its raw mode replaced if so asked."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        # With memory already there, Pillow leaves out its second check of the size.
        size = image.tag_v2[256], image.tag_v2[257]
        image.im = Image.new(image.mode, size).im
    if raw_mode is not None:
        image.tile = [_with_raw_mode(tile, raw_mode(_raw_mode(tile))) for tile in image.tile]
    image.load()


def _raw_mode(tile: Any) -> str:
    return str(tile.args if isinstance(tile.args, str) else tile.args[0])


def _with_raw_mode(tile: Any, raw_mode: str) -> Any:
    return tile._replace(
        args=raw_mode if isinstance(tile.args, str) else (raw_mode, *tile.args[1:])
    )


def _tiff_tag(image: PillowFile, tag: int, default: int) -> int:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return default
    return int(image.tag_v2.get(tag, default))


# Colour


def _to_rgb(image: Image.Image, info: Mapping[Any, Any], notices: list[str]) -> Image.Image:
    if image.mode == "RGB" and not {"transparency", "icc_profile"} & info.keys():
        return image
    image = _without_palette_and_alpha(image, info, notices)
    if "icc_profile" in info:
        image = _apply_profile(image, info["icc_profile"], notices)
    if image.mode == "L":
        notices.append("grey repeated in red, green and blue")
    elif image.mode == "CMYK":
        notices.append("CMYK converted to RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _without_palette_and_alpha(
    image: Image.Image, info: Mapping[Any, Any], notices: list[str]
) -> Image.Image:
    """Return the image in mode L, RGB or CMYK."""
    if image.mode not in (*_ALPHA_MODES, *_PROFILE_SPACES, "1", "P"):
        raise InputError(
            f"{image.mode} colours given; RGB, grey, palette or CMYK expected; export it again"
        )
    flat = "L" if image.mode in ("1", "L", "LA") else "RGB"
    if image.mode in ("P", "PA"):
        notices.append("palette converted to RGB")
    if image.mode in _ALPHA_MODES or "transparency" in info:
        notices.append("alpha laid on white")
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        return white.convert(flat)
    return image if image.mode in _PROFILE_SPACES else image.convert(flat)


def _apply_profile(image: Image.Image, profile: bytes, notices: list[str]) -> Image.Image:
    if not features.check("littlecms2"):
        notices.append("ICC profile ignored: this Pillow has no LittleCMS")
        return image
    try:
        name, transform = _transform_to_srgb(profile, image.mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        notices.append(f"ICC profile ignored: it is damaged or not made for {image.mode} pixels")
        return image
    if transform is None:
        return image
    notices.append(f"ICC profile {name!r} converted to sRGB")
    return transform.apply(image)


@lru_cache(maxsize=16)  # one scanner embeds one profile in every file
def _transform_to_srgb(profile: bytes, mode: str) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """Return a profile's name and its transform to sRGB: None if it is sRGB already."""
    opened = ImageCms.ImageCmsProfile(BytesIO(profile))
    if opened.profile.xcolor_space != _PROFILE_SPACES[mode]:
        raise ValueError(opened.profile.xcolor_space)
    transform = ImageCms.ImageCmsTransform(
        opened,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    name = " ".join(ImageCms.getProfileDescription(opened).split())
    if mode == "CMYK":
        return name, transform
    probe = _probe_colours(mode)
    change = np.asarray(transform.apply(probe), int) - np.asarray(probe.convert("RGB"), int)
    return name, transform if np.abs(change).max() > _SRGB_TOLERANCE else None


def _probe_colours(mode: str) -> Image.Image:
    """Return a row of colours that spans the cube (RGB) or the ramp (L)."""
    if mode == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    levels = np.arange(0, 256, 51, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1)
    return Image.fromarray(np.ascontiguousarray(cube.reshape(1, -1, 3)))


def _dpi(info: Mapping[Any, Any], orientation: int) -> tuple[float, float] | None:
    try:
        x, y = (float(value) for value in info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    if not (math.isfinite(x) and math.isfinite(y) and x > 0 and y > 0):
        return None
    return (y, x) if orientation >= 5 else (x, y)
