"""Which way the waves of a pattern run, and how much they agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array
from xmodkit_saxs_sem.metrics.spectrum import check_size, q_polar
from xmodkit_saxs_sem.modalities import Q_STEP

__all__ = ["axial_degrees", "director"]

_WIDTH = 1.0 * Q_STEP  # sigma of the ring about the peak


def director(power: Array, q: Array) -> NDArray[np.complex64]:
    """Return the mean of exp(2 i angle) of wave vectors (n,) on the peak's ring.

    Its absolute value is the orientational order (1: parallel lines, 0: no direction), half its
    angle the director. `power` is (n, 96, 96) on the models' q grid, `q` (n,) the peak in 1/nm; a
    NaN there gives NaN.
    Source: the order parameter of two-dimensional nematics, as for block-copolymer films in
    Harrison et al., Science 290, 1558 (2000).
    """
    check_size(power, "power")
    radius, angle = q_polar()
    known = np.isfinite(q)
    middle = np.where(known, q, 1)[:, None, None]
    ring = np.exp(-0.5 * ((radius - middle) / _WIDTH) ** 2) * power
    flat = ring.reshape(len(power), -1)
    turned = flat @ np.exp(2j * angle).ravel().astype(np.complex64)
    found = turned / np.maximum(flat.sum(axis=1), 1e-30)
    return np.where(known, found, np.nan).astype(np.complex64)


def axial_degrees(mean: Array) -> NDArray[np.float32]:
    """Return directors in degrees, -45 to 135, of means of exp(2 i angle).

    Gratings run along x or y: an angle of theirs then lies far from the ends, where a small turn
    would jump by 180 degrees.
    """
    turned = np.angle(np.conj(1j) * mean) / 2  # -90 to 90 degrees about 45
    return np.asarray(45 + np.degrees(turned), np.float32)
