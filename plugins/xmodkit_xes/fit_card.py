"""The card of a fit: the measured curve, the fitted one, and what that says of the structure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import ACCENT, FAINT, FINE, INK, Line, draw_curves
from xmodkit.pair import Sample
from xmodkit.prediction import Derived, Prediction
from xmodkit.sheet import font
from xmodkit.text import scalar_text
from xmodkit_xes.sketch import draw_atoms

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_fit"]

PLOT: Final = (46, 50, 236, 150)
SKETCH: Final = (290, 30, 100)  # left, top, width
ROWS: Final = (252, 140)  # left, top
_ROW = 16
_SHOWN = 4  # scalars: the structure's come first


def draw_fit(card: Image.Image, sample: Sample, prediction: Prediction, kind: str) -> None:
    """Draw into a card the measured curve of a kind, scaled as it was fitted, and the result.

    An effective structure is drawn where the fit gives one; scalars that the curve does not fix
    are said not to be.
    """
    from PIL import ImageDraw

    draw = ImageDraw.Draw(card)
    fitted = prediction.fields["fitted"]
    energy = np.array(fitted.axes[-1].coordinates)
    own = np.array(sample.coordinates[f"{kind}_energy"])
    measured = sample.arrays[kind][kind]
    shown = np.interp(energy, own, measured, left=np.nan, right=np.nan)
    lines = [Line(shown, INK, FINE), Line(fitted.value)]
    title = f"{kind.upper()}: measured, and fitted"
    draw_curves(card, PLOT, energy, lines, label="Energy / eV", title=title)
    if "positions" in prediction.fields:
        left, top, width = SKETCH
        numbers = prediction.fields["numbers"].value
        places = prediction.fields["positions"].value.astype(float)
        card.paste(draw_atoms(numbers, places, width, np.array([0])), (left, top))
    for place, (text, fixed) in enumerate(_rows(prediction.derived)):
        at = (ROWS[0], ROWS[1] + place * _ROW)
        draw.text(at, text, INK if fixed else ACCENT, font(11), "lm")
    minima = prediction.fields["minimum_weight"].value
    count = int((np.nan_to_num(minima) > 0.01).sum())
    note = f"{count} minima" if count > 1 else "one minimum"
    draw.text(((PLOT[0] + PLOT[2]) / 2, 194), note, FAINT, font(11), "mm")


def _rows(derived: Mapping[str, Derived]) -> list[tuple[str, bool]]:
    """Return what is said of the first scalars, and whether the curve fixes each."""
    rows = []
    for name, scalar in list(derived.items())[:_SHOWN]:
        label = name.replace("_", " ")
        if str(scalar.status) == "none" or np.isnan(scalar.value):
            rows.append((f"{label}: not fixed by this curve", False))
            continue
        lower, upper = (None if b is None else float(b) for b in (scalar.lower, scalar.upper))
        text = scalar_text(float(scalar.value), lower, upper, unit=scalar.unit)
        rows.append((f"{label} {text}", True))
    return rows
