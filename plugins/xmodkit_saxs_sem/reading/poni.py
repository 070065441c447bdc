"""q of a detector's pixels from a PONI file, by pyFAI."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from xmodkit.errors import InputError, MissingExtraError, UsageError
from xmodkit_saxs_sem.reading.frame import Bools, QMaps
from xmodkit_saxs_sem.reading.geometry import scattering

__all__ = ["poni_maps"]

# pyFAI's axes are x1 up, x2 right and x3 along the beam, as seen from the sample, and its detector
# orientations say in which corner the first pixel lies: 1 top right, 2 top left, 3 bottom left,
# 4 bottom right, seen so (`pyFAI.detectors.orientation`, checked against `calc_pos_zyx`). 3 is its
# default, written unasked, so that it says little; frames are laid as they are shown, with row 0
# at the top. These are the signs by which (x1, x2) become up and right of the frame as shown.
_SHOWN = {0: (-1, 1), 1: (1, -1), 2: (1, 1), 3: (-1, 1), 4: (-1, -1)}


def poni_maps(path: Path, shape: tuple[int, int]) -> tuple[QMaps, Bools | None]:
    """Return qx and qy in 1/nm of a frame, and which pixels lie in the detector's gaps.

    None stands for a detector without known gaps. Raise `UsageError` for a file that is no PONI,
    `InputError` where its detector has another shape, `MissingExtraError` without pyFAI.
    """
    try:
        changed = Path(path).stat().st_mtime_ns
    except OSError as error:
        raise UsageError(f"--poni {path}: cannot be opened ({error.strerror})") from error
    return _maps(Path(path), changed, shape)


@lru_cache(maxsize=4)  # a folder of frames has one detector
def _maps(path: Path, changed: int, shape: tuple[int, int]) -> tuple[QMaps, Bools | None]:
    try:
        from pyFAI.geometry import Geometry
    except ImportError as error:
        raise MissingExtraError("reading a PONI file", "pyFAI", "saxs-sem") from error
    try:
        geometry = Geometry.sload(str(path))
        detector, wavelength = geometry.detector, geometry.wavelength
        known = detector.shape or detector.max_shape
        if not wavelength or not geometry.dist or not detector.pixel1 or not detector.pixel2:
            raise ValueError("no wavelength, distance or pixel size in it")
    except Exception as error:  # pyFAI raises nearly anything on other files
        raise UsageError(
            f"--poni {path}: not a calibration of pyFAI ({' '.join(str(error).split())}); save it "
            "again, with detector and wavelength"
        ) from error
    if known is None:
        detector.shape = detector.max_shape = shape
    elif tuple(known) != shape:
        raise InputError(
            f"{shape[0]} x {shape[1]} pixels given, {known[0]} x {known[1]} expected by "
            f"{path}; give the calibration of this detector and binning"
        )
    along, x1, x2 = geometry.calc_pos_zyx(corners=False)
    up, right = _SHOWN[int(detector.orientation)]
    q = scattering(
        right * np.asarray(x2, float), up * np.asarray(x1, float), np.asarray(along), wavelength
    )
    gaps = detector.mask
    return _frozen(q), None if gaps is None or gaps.shape != shape else gaps.astype(bool)


def _frozen(q: QMaps) -> QMaps:
    """Return maps that frames can share."""
    for values in q:
        values.flags.writeable = False
    return q
