"""What microscopes write into their TIFF files: the size of a pixel, where the info bar begins."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from PIL import TiffImagePlugin

from xmodkit_saxs_sem.reading.pictures import description

__all__ = ["MicroscopeHeader", "read_microscope_header"]

_FEI, _ZEISS = 34682, 34118  # private TIFF tags of FEI/ThermoFisher, and of Zeiss SmartSEM
_X_RESOLUTION = 282  # pixels per unit; ImageJ's unit stands in its description
_NANOMETRES = {"m": 1e9, "mm": 1e6, "um": 1e3, "micron": 1e3, "nm": 1.0, "pm": 1e-3}
_NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"


@dataclass(frozen=True)
class MicroscopeHeader:
    """What a header says: nm of a pixel, rows of the image proper; None where it does not."""

    pixel_nm: float | None = None
    rows: int | None = None


def read_microscope_header(path: Path) -> MicroscopeHeader:
    """Return what a TIFF's header of FEI, Zeiss or ImageJ says; nothing of other files."""
    try:
        with path.open("rb") as stream:
            image = TiffImagePlugin.TiffImageFile(stream)
            tags = image.tag_v2
            for tag, read in _READERS.items():
                if tag in tags:
                    return read(_text(tags[tag]), image.height)
            return _imagej(description(image), tags.get(_X_RESOLUTION))
    except Exception:  # a header that cannot be read says nothing; the image has its own errors
        return MicroscopeHeader()


def _fei(text: str, height: int) -> MicroscopeHeader:
    """Read `[Section]` and `Key=Value` lines: lengths in metres."""
    size = _number(rf"^\s*PixelWidth\s*=\s*{_NUMBER}", text)
    field = _number(rf"^\s*HorFieldsize\s*=\s*{_NUMBER}", text)
    columns = _number(rf"^\s*ResolutionX\s*=\s*{_NUMBER}", text)
    if size is None and field and columns:
        size = field / columns
    rows = _number(rf"^\s*ResolutionY\s*=\s*{_NUMBER}", text)
    bar = _number(rf"^\s*DatabarHeight\s*=\s*{_NUMBER}", text)
    if (rows is None or not 0 < rows < height) and bar and 0 < bar < height:
        rows = height - bar
    within = rows is not None and 0 < rows <= height
    return MicroscopeHeader(_positive(size, 1e9), int(rows) if rows and within else None)


def _zeiss(text: str, height: int) -> MicroscopeHeader:
    """Read `Image Pixel Size = 2.0 nm`; what is stored may be smaller than what was scanned."""
    for name in ("Image Pixel Size", "Pixel Size"):
        match = re.search(rf"^\s*{name}\s*=\s*{_NUMBER}\s*(\S+)", text, re.MULTILINE)
        if match and (unit := _unit(match[2])):
            return MicroscopeHeader(_positive(float(match[1]), unit))
    return MicroscopeHeader()


def _imagej(text: str, resolution: object) -> MicroscopeHeader:
    """Read ImageJ's `unit=nm` with the pixels per unit; dots per inch say nothing of a sample."""
    match = re.search(r"^unit=(\S+)", text, re.MULTILINE)
    unit = _unit(match[1]) if match and text.startswith("ImageJ") else None
    if unit is None or resolution is None:
        return MicroscopeHeader()
    return MicroscopeHeader(_positive(1 / float(str(resolution)), unit))


_READERS: dict[int, Callable[[str, int], MicroscopeHeader]] = {_FEI: _fei, _ZEISS: _zeiss}


def _unit(text: str) -> float | None:
    """Return the nm of a unit of length, however its Greek letter is written."""
    plain = text.replace("\\u00B5", "u").replace("µ", "u").replace("μ", "u").lower()
    return _NANOMETRES.get(plain)


def _number(pattern: str, text: str) -> float | None:
    match = re.search(pattern, text, re.MULTILINE)
    return float(match[1]) if match else None


def _positive(value: float | None, unit: float) -> float | None:
    return value * unit if value is not None and isfinite(value) and value > 0 else None


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
