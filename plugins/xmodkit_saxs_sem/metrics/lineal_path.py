"""Lineal path L(z) of binary images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array

__all__ = ["lineal_path"]


def lineal_path(images: Array, vertical: bool, lengths: int = 48) -> NDArray[np.float32]:
    """Return L (..., lengths): the share of segments that lie wholly in the bright phase.

    Images (..., rows, columns) are not 0 in the bright phase. Segment k has k + 1 pixels along a
    column (`vertical`) or along a row, within the image; L(0) is the phase fraction.
    Source: Lu & Torquato, Phys. Rev. A 45, 922 (1992).
    """
    lines = (np.swapaxes(images, -1, -2) if vertical else images) != 0
    bright, shares = lines, [lines.mean(axis=(-1, -2))]
    for length in range(1, lengths):
        bright = bright[..., :-1] & lines[..., length:]
        shares.append(bright.mean(axis=(-1, -2)))
    return np.stack(shares, axis=-1).astype(np.float32)
