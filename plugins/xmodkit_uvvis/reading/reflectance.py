"""Measured reflectances, rendered as the scanner would see them: a test of readers and colours."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError
from xmodkit.pair import Sample

__all__ = ["SIDE", "read_reflectance", "render"]

SIDE = 64  # pixels of a rendered patch, as in the published set
_MOST_BYTES = 2 * 2**30
_NEEDED_NM = (400.0, 780.0)  # what the simulated sensor sees; beyond it weighs nothing

Floats = NDArray[np.float64]


def read_reflectance(path: Path) -> Iterator[Sample]:
    """Yield the samples of an `.npz` with `reflectance` (N, points) on `wavelength_nm` (points,).

    Each has the measured `reflectance`, and a rendered `scan` (64, 64, 3) of a patch of that
    colour. Rendered images count as simulated: what is learned from them promises nothing on a
    scan. Noise differs from row to row, so that equal spectra are samples of their own; as groups
    (`spectrum`, and `composition` and `plate`, which nothing else is known of) they stay together.

    Raise `InputError` for a file of another layout, `MissingExtraError` without colour-science.
    """
    reflectance, wavelength = _load(path)
    for row, spectrum in enumerate(reflectance):
        same = hashlib.sha256(spectrum.tobytes()).hexdigest()[:16]
        yield Sample(
            f"{path.stem}-{row}",
            {
                "scan": {"scan": render(spectrum, wavelength, np.random.default_rng(row))},
                "reflectance": {"reflectance": spectrum},
            },
            str(path),
            row,
            {"simulated": True, "scan": "rendered", "reflectance": "measured"},
            {"spectrum": same, "composition": same, "plate": same},
            notices=("scans are rendered from measured reflectances: a test, not measurements",),
            coordinates={"wavelength": tuple(float(nm) for nm in wavelength)},
        )


def render(
    reflectance: NDArray[np.floating], wavelength: Floats, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return the scan (64, 64, 3) of an even patch: `reflectance` (points,) at `wavelength` (nm).

    The scanner is the simulator's at its nominal settings, set to perfect white, without glare.
    """
    from xmodkit_uvvis.simulator.scanner import WAVELENGTH, Scanner, expose, level_colours

    scanner = Scanner(backing=(1.0, 1.0, 1.0), glare=0.0)
    seen = np.interp(WAVELENGTH, wavelength, reflectance)
    colour = level_colours(seen[None], scanner)[0]
    return expose(np.tile(colour, (SIDE, SIDE, 1)), scanner, rng)


def _load(path: Path) -> tuple[NDArray[np.float32], Floats]:
    try:
        with ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > _MOST_BYTES:
            raise InputError(f"{path}: {size:,} bytes unpacked; at most {_MOST_BYTES:,} expected")
        with np.load(path, allow_pickle=False) as file:
            reflectance = np.asarray(file["reflectance"])
            wavelength = np.asarray(file["wavelength_nm"])
    except KeyError as error:
        text = f"{path}: {error.args[0]}; reflectance and wavelength_nm expected"
        raise InputError(text) from error
    except (OSError, ValueError, BadZipFile) as error:
        raise InputError(f"{path}: no arrays can be read from it ({error})") from error
    if wavelength.ndim != 1 or not wavelength.size or reflectance.shape[1:] != wavelength.shape:
        raise InputError(
            f"{path}: reflectance {reflectance.shape} on wavelength_nm {wavelength.shape} given, "
            "(N, points) on (points,) expected"
        )
    rising = np.argsort(wavelength)
    nm = wavelength[rising].astype(np.float64)
    if not (nm[0] <= _NEEDED_NM[0] and nm[-1] >= _NEEDED_NM[1]):  # NaN, which comes last, too
        raise InputError(
            f"{path}: measured from {nm[0]:g} to {nm[-1]:g} nm, {_NEEDED_NM[0]:g} to "
            f"{_NEEDED_NM[1]:g} nm needed to render its colour"
        )
    return np.ascontiguousarray(reflectance[:, rising], np.float32), nm
