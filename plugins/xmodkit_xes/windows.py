"""Which windows of a spectrum have moments: those asked for, else those of its absorber."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from xmodkit.errors import UsageError
from xmodkit.modality import Array, Field
from xmodkit.pair import Options
from xmodkit.prediction import Derived
from xmodkit_xes.moments import MOMENTS, WINDOWS, Window, moments

__all__ = ["derive_moments", "moment_fields", "windows_of"]


def windows_of(options: Options) -> tuple[Window, ...]:
    """Return the windows that `--window` asks for; raise `UsageError` for one that is none."""
    return tuple(_window(str(text)) for text in options.get("window") or ())


def moment_fields(kind: str, element: str, chosen: Sequence[Window]) -> tuple[Field, ...]:
    """Return the fields `<window>_<moment>` of the chosen windows, else of an absorber's own."""
    return tuple(
        Field(
            f"{window.name}_{moment}",
            unit=unit,
            long_name=f"{moment} from {window.low:g} to {window.high:g} eV",
        )
        for window in chosen or WINDOWS.get((element, kind), ())
        for moment, unit in MOMENTS.items()
    )


def derive_moments(
    kind: str, element: str | None, energy: Array, spectra: Array, chosen: Sequence[Window]
) -> Mapping[str, Derived]:
    """Return the moments of spectra (N, points) on energies (points,) in eV, by field.

    Where the absorber is not known, the windows are those that lie within the energies.
    """
    if element is None and not chosen:
        chosen = [
            window
            for (_, of), windows in WINDOWS.items()
            for window in windows
            if of == kind and energy[0] <= window.low and window.high <= energy[-1]
        ]
    elif not chosen:
        chosen = WINDOWS.get((element or "", kind), ())
    found = moments(energy, spectra, chosen)
    return {name: replace(one, value=one.value.astype(np.float32)) for name, one in found.items()}


def _window(text: str) -> Window:
    low, _, high = text.replace(":", ",").partition(",")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = np.nan, np.nan
    if not 0 < ends[0] < ends[1] < np.inf:
        raise UsageError(f"--window {text!r}: LOW,HIGH in eV expected, such as 2462,2472")
    return Window(*ends, f"window_{ends[0]:g}_{ends[1]:g}")
