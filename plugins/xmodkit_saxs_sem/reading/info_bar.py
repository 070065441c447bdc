"""Find the bar with scale and settings that microscopes draw below their images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["image_rows"]

_LARGEST = 0.25  # part of the image's rows
_SHORTEST = 16  # rows; a line of text
_FLAT = 0.5  # part of a row that is background
_IMAGE = 0.3  # and of the rows above the bar at most
_CONTRAST, _TEXT = 100, 0.002  # letters stand out by so many levels, on so much of the bar
_GAPS = 0.2  # part of the bar's rows that are none of that: lines, dense text


def image_rows(grey: NDArray[np.uint8]) -> int:
    """Return how many rows of a micrograph (y, x) lie above its info bar: all if it has none.

    A bar is a block at the bottom, of 16 rows to a quarter of the image, most of whose pixels are
    of one level, with letters that stand out, below a straight edge: the rows above are not so.
    """
    height = len(grey)
    largest = int(_LARGEST * height)
    bottom = grey[height - 2 * largest :].astype(np.int16)
    if largest < _SHORTEST:
        return height
    level = np.bincount(grey[height - _SHORTEST :].ravel(), minlength=256).argmax()
    flat = (np.abs(bottom - level) <= 1).mean(axis=1)
    alike = flat >= _FLAT
    upwards = alike[::-1]
    # The longest run from below that is bar but for a fifth of its rows, and begins with bar.
    share = np.cumsum(upwards) / np.arange(1, len(upwards) + 1)
    ends = np.flatnonzero(upwards & (share >= 1 - _GAPS)) + 1
    rows = int(ends.max()) if ends.size else 0
    while rows < len(upwards) and np.ptp(bottom[len(bottom) - rows - 1]) <= 2:
        rows += 1  # a line drawn along the bar's upper edge
    if not _SHORTEST <= rows <= largest:
        return height
    bar, above = bottom[len(bottom) - rows :], flat[len(flat) - 2 * rows : len(flat) - rows]
    letters = (np.abs(bar - level) >= _CONTRAST).mean()
    return height - rows if letters >= _TEXT and above.mean() <= _IMAGE else height
