"""A frame as it is read, and the checks and turns every frame goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, UsageError
from xmodkit.modality import Array
from xmodkit.pair import Options

__all__ = [
    "FEWEST_PIXELS",
    "MAX_FRAMES",
    "Frame",
    "QMaps",
    "check_shape",
    "frame_pixels",
    "invalid",
]

FEWEST_PIXELS = 8  # along a side: the least a detector is worth resampling from
MAX_FRAMES = 10_000  # of one file; a declared length costs nothing to write
_MAX_PIXELS = 40_000_000  # the largest area detectors have 38 million

Bools = NDArray[np.bool_]
QMaps = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Frame:
    """One 2-D measurement: counts as the file holds them and which of them are measured.

    `intensity` and `measured` are (row, column); `q` are the maps (qx, qy) in 1/nm of that shape,
    None where the file does not say; `header` is what the file says of how it was measured.
    """

    intensity: Array
    measured: Bools
    q: QMaps | None = None
    name: str = ""
    notices: tuple[str, ...] = ()
    header: Mapping[str, Any] = field(default_factory=dict)
    calibration: str = ""

    def noted(self, *notices: str) -> Frame:
        """Return the frame with further notices."""
        return replace(self, notices=(*self.notices, *notices))


def frame_pixels(options: Options) -> int:
    """Return how many pixels a frame may have; raise `UsageError` for an option below 1."""
    given = options.get("max_pixels")
    if given is not None and int(given) < 1:
        raise UsageError(f"--max-pixels {given}: give 1 or more")
    return _MAX_PIXELS if given is None else int(given)


def check_shape(shape: tuple[int, ...], most: int) -> None:
    """Raise `InputError` unless a frame has two sides of 8 pixels, and not over `most` in all.

    Ask before anything of that size is allocated.
    """
    if len(shape) != 2 or min(shape) < FEWEST_PIXELS:
        raise InputError(
            f"{' x '.join(map(str, shape))} pixels given, a frame of {FEWEST_PIXELS} x "
            f"{FEWEST_PIXELS} or more expected"
        )
    if prod(shape) > most:
        raise InputError(
            f"{shape[0]} x {shape[1]} = {prod(shape):,} pixels given, at most {most:,} accepted; "
            "raise --max-pixels if the file is trusted"
        )


def invalid(values: Array) -> Bools:
    """Return where detector software has written that nothing was measured.

    -1 and -2 are gaps and dead pixels of a Pilatus, the two highest values of an unsigned depth
    those of an Eiger (of 16 bits only the highest, which is also saturation). A float keeps them
    where integers were converted. Values over single precision count as not finite.
    """
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(values.astype(np.float32))
        negative = values[(values < 0) & ~bad]
        if negative.size and np.isin(negative, (-1, -2)).all():
            bad |= values < 0
        return bad | np.isin(values, (2.0**32 - 1, 2.0**32 - 2, 2.0**32))
    bits = 8 * values.dtype.itemsize
    if values.dtype.kind == "i":
        return np.isin(values, (-1, -2, np.iinfo(values.dtype).max))
    if bits < 16:
        return np.zeros(values.shape, bool)
    return np.asarray(values >= 2**bits - (1 if bits == 16 else 2))
