"""Frames in the formats of detectors: EDF, CBF and what else fabio opens."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.modality import Array
from xmodkit_saxs_sem.reading.frame import MAX_FRAMES, Frame, check_shape, invalid

__all__ = ["DETECTOR_SUFFIXES", "read_detector_file"]

DETECTOR_SUFFIXES = (".edf", ".cbf", ".img", ".mccd")
_HEAD = 1 << 16  # bytes in which a CBF says how large it is
_CBF_SIDE = re.compile(rb"X-Binary-Size-(?:Fastest|Second)-Dimension:\s*(-?\d+)")
_DAMAGED = re.compile(r"incomplete|checksum|too small|broken|padded", re.IGNORECASE)


class _Recorder(logging.Handler):
    """Keeps what fabio warns of in each thread, which it says nowhere else: data cut short."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(self.said, "texts"):
            self.said.texts.append(" ".join(record.getMessage().split()))


_recorder = _Recorder()


def read_detector_file(path: Path, most: int) -> Iterator[Frame]:
    """Yield the frames of a file that fabio opens, with their headers.

    Raise `InputError` for a file that is damaged, cut short or over `most` pixels,
    `MissingExtraError` without fabio.
    """
    try:
        import fabio
    except ImportError as error:
        raise MissingExtraError(f"reading {path.suffix.lower()}", "fabio", "saxs-sem") from error
    logger = logging.getLogger("fabio")
    if _recorder not in logger.handlers:
        logger.addHandler(_recorder)
    if path.suffix.lower() == ".cbf":
        _check_cbf(path, most)
    _recorder.said.texts = []
    with fabio.open(str(path)) as image:
        count = int(image.nframes)
        if count > MAX_FRAMES:
            raise InputError(f"{count} frames given, at most {MAX_FRAMES} read; split it")
        for i in range(count):
            part = image.getframe(i) if count > 1 else image
            header = dict(part.header)
            compression = next((v for k, v in header.items() if k.lower() == "compression"), "no")
            if not str(compression).lower().startswith("no"):
                raise InputError("compressed data given; save it without compression")
            check_shape(tuple(part.shape), most)
            values = np.asarray(part.data)
            _check_said(path)
            measured = ~invalid(values) & ~_dummy(values, header)
            yield Frame(values, measured, name=f"-{i + 1}" if count > 1 else "", header=header)


def _check_cbf(path: Path, most: int) -> None:
    """Raise `InputError` for absurd sides of a CBF, which fabio would allocate."""
    with path.open("rb") as file:
        sides = tuple(int(side) for side in _CBF_SIDE.findall(file.read(_HEAD)))
    check_shape(sides[::-1], most)


def _check_said(path: Path) -> None:
    damaged = next((text for text in _recorder.said.texts if _DAMAGED.search(text)), None)
    if damaged:
        raise InputError(f"the frame is damaged or cut short ({damaged}); copy it again")


def _dummy(values: Array, header: Mapping[str, Any]) -> Array:
    """Return where an EDF holds its `Dummy`, to `DDummy`: not measured (ESRF headers)."""
    lower = {str(key).lower(): value for key, value in header.items()}
    try:
        dummy, within = float(lower["dummy"]), abs(float(lower.get("ddummy", 0.1)))
    except (KeyError, TypeError, ValueError):
        return np.zeros(values.shape, bool)
    return np.asarray(np.abs(values - dummy) <= within)
