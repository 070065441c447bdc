"""Where a detector stands: q of its pixels, from a header, a PONI file or options.

Everywhere qx points right and qy up in a frame shown with row 0 at the top, as if one looked from
the sample; a frame stored half a turn round scatters alike, one stored mirrored needs the option
`saxs_mirror`. Positions of the beam count from the outer corner of the first pixel, whose middle
is 0.5, as in SAXS headers of the ESRF (Boesecke, J. Appl. Cryst. 40 (2007) s423), in pyFAI and in
headers of Dectris.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import UsageError
from xmodkit.pair import Options
from xmodkit_saxs_sem.reading.frame import QMaps

__all__ = ["DetectorGeometry", "given_geometry", "header_geometry", "scattering", "turned"]

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_QUANTITY = re.compile(rf"^\s*({_NUMBER})[\s_]*([A-Za-zµμ]*)")
_METRES = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "nm": 1e-9, "a": 1e-10, "angstrom": 1e-10}
_OPTIONS = ("distance_mm", "wavelength_nm", "detector_pixel_mm", "centre")
# Comments of a miniCBF, and of a Pilatus TIFF (PILATUS header, version 1.2)
_MINI = {
    "pixel": re.compile(rf"Pixel_size\s+({_NUMBER})\s*m\s*x\s*({_NUMBER})\s*m"),
    "distance": re.compile(rf"Detector_distance\s+({_NUMBER})\s*m"),
    "wavelength": re.compile(rf"Wavelength\s+({_NUMBER})\s*A"),
    "centre": re.compile(rf"Beam_xy\s*\(\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\)"),
}


@dataclass(frozen=True)
class DetectorGeometry:
    """A flat detector across the beam: lengths in metres, `centre` (x, y) in pixels."""

    distance: float
    wavelength: float
    pixel: tuple[float, float]
    centre: tuple[float, float]

    def __post_init__(self) -> None:
        lengths = (self.distance, self.wavelength, *self.pixel)
        if not all(isfinite(value) for value in (*lengths, *self.centre)) or min(lengths) <= 0:
            raise ValueError("lengths above zero and a finite centre expected")

    def q_maps(self, shape: tuple[int, int]) -> QMaps:
        """Return qx and qy (row, column) in 1/nm."""
        row, column = np.mgrid[: shape[0], : shape[1]] + 0.5
        right = (column - self.centre[0]) * self.pixel[0]
        up = (self.centre[1] - row) * self.pixel[1]
        return scattering(right, up, np.float64(self.distance), self.wavelength)


def scattering(
    right: NDArray[np.float64],
    up: NDArray[np.float64],
    along: NDArray[np.float64] | np.float64,
    wavelength: float,
) -> QMaps:
    """Return qx and qy in 1/nm of places (from the sample, in metres): q = 2 pi / lambda (s - s0).

    s0 is the beam's direction and s that of the place, so that qx and qy are s's parts across.
    """
    k = 2e-9 * np.pi / wavelength / np.sqrt(right**2 + up**2 + along**2)
    return (k * right).astype(np.float32), (k * up).astype(np.float32)


def turned(q: QMaps, degrees: float, *, mirror: bool = False) -> QMaps:
    """Return maps of q mirrored left to right if so asked, then turned counterclockwise."""
    qx, qy = (-q[0] if mirror else q[0]), q[1]
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return (
        (cosine * qx - sine * qy).astype(np.float32),
        (sine * qx + cosine * qy).astype(np.float32),
    )


def given_geometry(options: Options) -> DetectorGeometry | None:
    """Return what the options say; raise `UsageError` where they say half of it, or nonsense."""
    given = {name: options.get(name) for name in _OPTIONS}
    named = ["--" + name.replace("_", "-") for name, value in given.items() if value is not None]
    if not named:
        return None
    if len(named) < len(_OPTIONS) or options.get("poni"):
        other = " with --poni" if options.get("poni") else ""
        raise UsageError(
            f"{', '.join(named)} given{other}; give --distance-mm, --wavelength-nm, "
            "--detector-pixel-mm and --centre, or --poni alone"
        )
    try:
        x, y = (float(part) for part in str(given["centre"]).split(","))
        distance, wavelength, pixel = (float(str(given[name])) for name in _OPTIONS[:3])
        return DetectorGeometry(
            distance * 1e-3, wavelength * 1e-9, (pixel * 1e-3, pixel * 1e-3), (x, y)
        )
    except ValueError as error:
        said = ", ".join(
            f"{name} {value}" for name, value in zip(named, given.values(), strict=True)
        )
        raise UsageError(f"{said} given; lengths above zero and --centre X,Y expected") from error


def header_geometry(header: Mapping[str, Any]) -> DetectorGeometry | None:
    """Return what an EDF or miniCBF header says; None where it does not say all of it."""
    text = next((str(v) for v in header.values() if "Beam_xy" in str(v)), None)
    try:
        return _mini(text) if text is not None else _edf(header)
    except (KeyError, ValueError, TypeError):
        return None


def _mini(text: str) -> DetectorGeometry:
    found = {name: pattern.search(text) for name, pattern in _MINI.items()}
    values = {name: [float(part) for part in m.groups()] for name, m in found.items() if m}
    return DetectorGeometry(
        values["distance"][0],
        values["wavelength"][0] * 1e-10,
        (values["pixel"][0], values["pixel"][1]),
        (values["centre"][0], values["centre"][1]),
    )


def _edf(header: Mapping[str, Any]) -> DetectorGeometry:
    lower = {str(key).lower(): str(value) for key, value in header.items()}
    # `Offset` tells where in a larger frame this one begins; the centre is that of the larger.
    centre = tuple(
        _metres(lower[f"center_{i}"]) - _metres(lower.get(f"offset_{i}", "0")) for i in (1, 2)
    )
    return DetectorGeometry(
        _metres(lower["sampledistance"]),
        _metres(lower["wavelength"]),
        (_metres(lower["psize_1"]), _metres(lower["psize_2"])),
        (centre[0], centre[1]),
    )


def _metres(text: str) -> float:
    """Return a number in metres, whose unit may be written after it: `172_um`."""
    match = _QUANTITY.match(text)
    if match is None:
        raise ValueError(text)
    unit = match[2].lower().replace("µ", "u").replace("μ", "u")
    return float(match[1]) * _METRES.get(unit, 1.0)
