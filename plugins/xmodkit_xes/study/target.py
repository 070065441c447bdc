"""What is predicted: spectra, or statistical moments of windows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit_xes.moments import WINDOWS, Window, moments
from xmodkit_xes.study.rows import Floats, Rows

__all__ = ["Target", "chosen_windows", "target"]

_KINDS = ("mean", "sd", "skewness", "kurtosis")


@dataclass(frozen=True)
class Target:
    """Standardised targets (N, channel), and the way back to what they stand for.

    Spectra have each channel's mean subtracted and one scale for all channels, so that covered
    variance is that of the spectra; moments are z-scored one by one. Both as published.
    """

    values: Floats
    mean: Floats
    scale: Floats
    relative: bool

    def undo(self, standard: Floats) -> Floats:
        """Return spectra of standardised ones; moments stay in standard deviations."""
        return self.mean + standard * self.scale if self.relative else standard


def target(rows: Rows, name: str, windows: Sequence[Window], train: NDArray[np.int64]) -> Target:
    """Return the standardised targets of all rows, with means and scales of training rows.

    Raise `DataError` if a spectrum has no moments in a window.
    """
    of_windows = name == "moments"
    raw = _moments(rows, windows) if of_windows else rows.spectra
    mean, spread = raw[train].mean(axis=0), raw[train].std(axis=0)
    scale = spread if of_windows else np.full_like(spread, np.sqrt((spread**2).mean()))
    scale = np.where(scale > 0, scale, 1.0)
    return Target((raw - mean) / scale, mean, scale, relative=not of_windows)


def chosen_windows(rows: Rows, spectrum: str, asked: Sequence[Window]) -> tuple[Window, ...]:
    """Return the windows asked for, else those of the absorber, else the whole spectrum."""
    own = WINDOWS.get((str(rows.metadata.get("absorber")), spectrum), ())
    whole = Window(float(rows.energy[0]), float(rows.energy[-1]), "whole")
    return tuple(asked) or own or (whole,)


def _moments(rows: Rows, windows: Sequence[Window]) -> Floats:
    """Return mean, sd, skewness and excess kurtosis of each window, (N, 4 windows)."""
    found = moments(rows.energy, rows.spectra, windows)
    raw = np.column_stack([found[f"{w.name}_{kind}"].value for w in windows for kind in _KINDS])
    if bad := int(np.isnan(raw).any(axis=1).sum()):
        named = ", ".join(f"{w.low:g} to {w.high:g} eV" for w in windows)
        raise DataError(
            f"{bad} of {len(rows)} spectra have no moments in {named}; choose windows within the "
            "spectra, where each has a positive area"
        )
    return raw
