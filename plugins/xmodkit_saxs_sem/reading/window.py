"""Whether a frame's q lies where the models look."""

from __future__ import annotations

import numpy as np

from xmodkit.errors import InputError
from xmodkit_saxs_sem.modalities import Q_STEP, SIZE
from xmodkit_saxs_sem.reading.frame import Bools, QMaps

__all__ = ["HIGHEST_Q", "LOWEST_Q", "check_window"]

# In 1/nm. Below the lowest lies the forward beam; the highest is the edge of the models' grid.
LOWEST_Q, HIGHEST_Q = 0.05, Q_STEP * SIZE / 2
# Periods of 63 to 21 nm: what block copolymers on gratings have. A frame must see some of them,
_LOW, _HIGH = 0.1, 0.3
# in a third of the directions (q and -q are one), counted in sectors of 15 degrees.
_SECTORS, _FEWEST = 12, 4


def check_window(q: QMaps, measured: Bools) -> None:
    """Raise `InputError` unless measured pixels cover the models' window of q well enough.

    Some must lie between 0.1 and 0.3 1/nm, in at least 4 of 12 sectors of the half circle.
    """
    length = np.hypot(*q)
    found = length[measured]
    covered = f"q covers {found.min():.3g}..{found.max():.3g} 1/nm"
    if found.max() < LOWEST_Q or found.min() > HIGHEST_Q:
        raise InputError(
            f"{covered}, {LOWEST_Q}..{HIGHEST_Q:.3f} expected; check distance, wavelength, pixel "
            "size and --q-unit"
        )
    band = measured & (length >= _LOW) & (length <= _HIGH)
    if not band.any():
        raise InputError(
            f"{covered}, but no measured pixel between {_LOW} and {_HIGH} 1/nm; check --q-unit, "
            "the mask and the calibration"
        )
    angle = np.arctan2(q[1][band], q[0][band]) % np.pi
    sectors = np.unique(np.minimum(angle * _SECTORS / np.pi, _SECTORS - 1).astype(int)).size
    if sectors < _FEWEST:
        raise InputError(
            f"{sectors} of {_SECTORS} directions measured between {_LOW} and {_HIGH} 1/nm, at "
            f"least {_FEWEST} expected; check the beam's centre, the mask and --q-unit"
        )
