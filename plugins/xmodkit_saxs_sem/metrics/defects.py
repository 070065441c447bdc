"""Dislocations of a pattern: where the phase of its dominant wave winds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array
from xmodkit_saxs_sem.metrics.spectrum import check_size
from xmodkit_saxs_sem.modalities import PIXEL_NM, Q_STEP, SIZE

__all__ = ["MARGIN", "defect_density", "windings"]

MARGIN = 12  # pixels at the border that are not counted: the filter reaches across it
_BAND = 0.22  # sigma of the filter, of the dominant wave number
_AREA_UM2 = ((SIZE - 2 * MARGIN - 1) * PIXEL_NM * 1e-3) ** 2


def defect_density(images: Array, power: Array, q: Array) -> NDArray[np.float32]:
    """Return dislocations per square micrometre (n,) of images (n, 96, 96); NaN where q is NaN.

    `power` (n, 96, 96) is their spectrum on the models' q grid, `q` (n,) their peak in 1/nm. One
    dislocation in the area that is counted is 12 per square micrometre.
    """
    found = np.abs(windings(images, power, q)).sum(axis=(1, 2)) / _AREA_UM2
    return np.where(np.isfinite(q), found, np.nan).astype(np.float32)


def windings(images: Array, power: Array, q: Array) -> NDArray[np.int8]:
    """Return +1 and -1 (n, 71, 71) where the dominant wave's phase winds by 2 pi, else 0.

    The wave is what a Gaussian about the spectrum's highest place, near its peak, lets through: a
    complex field. A line of the pattern begins or ends where that field is zero. Lattices of dots
    are judged by their strongest rows.
    Source: phase singularities, as in Pezzutti, Gomez & Vega, Soft Matter 11, 2866 (2015).
    """
    check_size(images, "images")
    spectrum = np.fft.fft2(images.astype(np.float32))
    wave = np.fft.ifft2(spectrum * _band(power, q))[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    phase = np.angle(wave)
    corners = phase[:, :-1, :-1], phase[:, :-1, 1:], phase[:, 1:, 1:], phase[:, 1:, :-1]
    turns = sum(_wrapped(corners[i - 3] - corners[i]) for i in range(4))
    return np.asarray(np.rint(turns / (2 * np.pi)), np.int8)


def _band(power: Array, q: Array) -> NDArray[np.float32]:
    """Return the filters (n, 96, 96), in the order of `fft2`."""
    frequency = np.fft.fftfreq(SIZE, 1 / SIZE).astype(np.float32)
    near = np.where(np.isfinite(q), q, 1)[:, None, None] / Q_STEP
    down, across = np.meshgrid(frequency, frequency, indexing="ij")
    shifted = np.fft.ifftshift(power, axes=(1, 2))
    ring = np.exp(-0.5 * ((np.hypot(down, across) - near) / (_BAND * near)) ** 2)
    ring *= (across > 0) | ((across == 0) & (down > 0))  # one of the two, q and -q
    highest = (ring * _smoothed(shifted)).reshape(len(power), -1).argmax(axis=1)
    row, column = (frequency[i][:, None, None] for i in np.unravel_index(highest, (SIZE, SIZE)))
    distance = (down - row) ** 2 + (across - column) ** 2
    return np.exp(-0.5 * distance / (_BAND * near) ** 2).astype(np.float32)


def _smoothed(power: Array) -> Array:
    """Average over 3 x 3 places: a wandering line's spot is broken up."""
    rows = power + np.roll(power, 1, 1) + np.roll(power, -1, 1)
    found: Array = rows + np.roll(rows, 1, 2) + np.roll(rows, -1, 2)
    return found


def _wrapped(angle: Array) -> Array:
    found: Array = angle - 2 * np.pi * np.rint(angle / (2 * np.pi))
    return found
