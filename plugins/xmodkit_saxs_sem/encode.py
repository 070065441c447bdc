"""From a sample to what a graph takes, refusing what no model can say anything of."""

from __future__ import annotations

import math

import numpy as np

from xmodkit.errors import InputError, UsageError
from xmodkit.modality import Arrays
from xmodkit.pair import Options, Route, Sample
from xmodkit_saxs_sem.frames import has_q
from xmodkit_saxs_sem.modalities import FIELD_NM, PHI
from xmodkit_saxs_sem.reading.window import check_window

__all__ = ["encode"]

_ROUNDING = 1e-3  # of the field: a pixel's size has few digits


def encode(sample: Sample, route: Route, options: Options) -> Arrays:
    """Return the source's arrays, checked, and the bright phase's share on saxs:sem.

    Raise `InputError` where nothing was measured, q lies elsewhere or the field is too small,
    `UsageError` for `--phi` beyond 0 to 1.
    """
    arrays = sample.arrays[route.source]
    if route.source == "sem":
        check_field(arrays)
        return arrays
    check_frame(arrays)
    if route.target != "sem":
        return arrays
    return {**arrays, PHI.name: np.array(_phi(sample, options), np.float32)}


def check_frame(frame: Arrays) -> None:
    """Raise `InputError` unless a frame was measured where the models look; q may be unknown."""
    measured = frame["mask"] != 0
    if not measured.any():
        raise InputError("every pixel is masked; give a frame with measured pixels")
    if has_q(frame):
        check_window((frame["qx"], frame["qy"]), measured)


def check_field(sem: Arrays) -> None:
    """Raise `InputError` unless a micrograph shows the field that the models look at."""
    pixel = float(sem["pixel_nm"])
    if not (math.isfinite(pixel) and pixel > 0):
        raise InputError(f"pixels of {pixel:g} nm given; give their size with --sem-pixel-nm")
    rows, columns = sem["micrograph"].shape
    if min(rows, columns) * pixel < FIELD_NM * (1 - _ROUNDING):
        raise InputError(
            f"{columns} x {rows} pixels of {pixel:.3g} nm show {columns * pixel:.0f} x "
            f"{rows * pixel:.0f} nm, at least {FIELD_NM:g} x {FIELD_NM:g} nm expected; give a "
            "larger field, or the pixel's size with --sem-pixel-nm"
        )


def _phi(sample: Sample, options: Options) -> float:
    """Return the bright phase's share: the option's, else what is known of the sample, else 0."""
    given = options.get("phi")
    if given is not None:
        if not 0 < float(given) < 1:
            raise UsageError(f"--phi {given}: a share above 0 and below 1 expected")
        return float(given)
    known = sample.metadata.get("phi")
    if known is None or math.isnan(float(known)):
        return 0.0
    if not 0 < float(known) < 1:
        raise InputError(f"phi {known} given, a share above 0 and below 1 expected; leave it out")
    return float(known)
