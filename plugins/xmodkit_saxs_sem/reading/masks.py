"""Masks that people draw: files of a frame's shape, not zero where nothing was measured."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from xmodkit.errors import InputError, MissingExtraError, UsageError, XmodError
from xmodkit_saxs_sem.reading.frame import Bools, check_shape
from xmodkit_saxs_sem.reading.pictures import PICTURE_SUFFIXES, read_pictures

__all__ = ["read_mask"]


def read_mask(path: Path, shape: tuple[int, int], most: int) -> Bools:
    """Return which pixels a mask takes out: those not zero, as pyFAI and silx write them.

    Raise `UsageError` for a file that is no mask, `InputError` where it has another shape.
    """
    try:
        mask = _mask(Path(path), Path(path).stat().st_mtime_ns, most)
    except MissingExtraError:
        raise
    except (OSError, XmodError) as error:
        raise UsageError(f"--mask {path}: {error}") from error
    if mask.shape != shape:
        raise InputError(
            f"{shape[0]} x {shape[1]} pixels given, the mask {path} has {mask.shape[0]} x "
            f"{mask.shape[1]}; give one of the frame's shape"
        )
    return mask


@lru_cache(maxsize=4)  # a folder of frames has one mask
def _mask(path: Path, changed: int, most: int) -> Bools:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return _array(path, most)
    if suffix in PICTURE_SUFFIXES:
        return np.asarray(next(read_pictures(path, most)).intensity != 0)
    from xmodkit_saxs_sem.reading.detector_files import read_detector_file

    frame = next(read_detector_file(path, most))
    return np.asarray(frame.intensity != 0)


def _array(path: Path, most: int) -> Bools:
    try:
        # Mapped: a header can declare any size, only what is there is read.
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # numpy raises nearly anything on other files
        raise InputError(f"no array of numbers ({' '.join(str(error).split())})") from error
    check_shape(values.shape, most)
    if values.dtype.kind not in "biuf":
        raise InputError(f"{values.dtype} given, numbers expected")
    return np.asarray(values != 0)
