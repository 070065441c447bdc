"""Draw a fit on a card: measured and fitted curve, what it fixes, and every minimum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import CURVE, FAINT, FINE, INK, Line, draw_curves
from xmodkit.pair import Sample
from xmodkit.prediction import Derived, Prediction
from xmodkit.sheet import fit_text, font
from xmodkit_xes.card_frame import NOTE_Y, SIZE, bounds_note, framed_card
from xmodkit_xes.inverse.features import PARAMETERS, Features
from xmodkit_xes.inverse.report import described_minima

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

__all__ = ["draw_fit"]

MEASURED: Final = "#f3c3a5"
PLOT: Final = (46, 50, 206, 150)
LEFT, TOP, LINE = 222, 42, 15
_LABELS: Final = {
    # Pillow's own font has no ring on its A
    "bond_sum": ("bond sum", "A"),
    "bond_difference": ("difference", "A"),
    "angle": ("angle", "°"),
    "shift": ("axis shift", "eV"),
}
_MOST_SCORES = 3


def draw_fit(sample: Sample, prediction: Prediction, features: Features) -> Image.Image:
    """Draw the card of one sample and its fit (neither batched), RGB, 440 x 208 pixels.

    The measured curve is black, the fitted one blue. A parameter that the curve does not fix says
    so; novel samples have no bounds, and say so. Minima follow with their share of the posterior.
    """
    from PIL import ImageDraw

    card = framed_card(sample, prediction)
    draw = ImageDraw.Draw(card)
    _draw_curves(card, sample, prediction)
    y = _draw_scalars(draw, prediction, features, TOP)
    y = _draw_scores(draw, prediction, y + 3)
    _draw_minima(draw, prediction, features, y + 3)
    misfit = float(prediction.derived["misfit"].value)
    note = f"{bounds_note(prediction)}; misfit {misfit:.3g}"
    draw.text(((PLOT[0] + PLOT[2]) / 2, NOTE_Y), note, FAINT, font(11), "mm")
    return card


def _draw_curves(card: Image.Image, sample: Sample, prediction: Prediction) -> None:
    fitted = prediction.fields["fitted"]
    axis = fitted.axes[-1]
    kind = axis.name.removesuffix("_energy")
    energies = np.array(axis.coordinates)
    lines = [Line(fitted.value, CURVE)]
    measured = np.array(sample.coordinates.get(axis.name, ()))
    if measured.size:
        order = np.argsort(measured)
        values = sample.arrays[kind][kind][order]
        values = np.interp(energies, measured[order], values, left=np.nan, right=np.nan)
        lines.insert(0, Line(values, MEASURED, 5 * FINE))  # wide: a good fit would hide it
    title = f"{kind.upper()}, measured (wide) and fitted"
    draw_curves(card, PLOT, energies, lines, label="Energy / eV", title=title)


def _draw_scalars(
    draw: ImageDraw.ImageDraw, prediction: Prediction, features: Features, y: int
) -> int:
    for name, (label, unit) in _LABELS.items():
        if name in PARAMETERS and features.triatomic is None:
            continue
        text = _scalar(prediction.derived[name], unit)
        y = _row(draw, y, label, text, FAINT if text == "not fixed" else INK)
    return y


def _draw_scores(draw: ImageDraw.ImageDraw, prediction: Prediction, y: int) -> int:
    scores = prediction.fields["latent"]
    ends = (scores.lower, scores.upper)
    for i, value in enumerate(scores.value[:_MOST_SCORES]):
        lower, upper = (None if end is None else float(end[i]) for end in ends)
        y = _row(draw, y, f"t{i + 1}", _text(float(value), lower, upper), INK)
    return y


def _draw_minima(
    draw: ImageDraw.ImageDraw, prediction: Prediction, features: Features, y: int
) -> None:
    minima = described_minima(prediction, features)
    for number, minimum in enumerate(minima[: (NOTE_Y + 6 - y) // LINE], 1):
        values = list(minimum["parameters"].values()) or minimum["latent"][:_MOST_SCORES]
        text = f"{_percent(minimum['weight'])}: " + ", ".join(f"{v:.2f}" for v in values)
        _row(draw, y, f"min. {number}", text, FAINT)
        y += LINE


def _row(draw: ImageDraw.ImageDraw, y: int, label: str, text: str, colour: str) -> int:
    letters = font(12)
    draw.text((LEFT, y), label, FAINT, letters, "lm")
    draw.text((LEFT + 66, y), fit_text(text, letters, SIZE[0] - LEFT - 76), colour, letters, "lm")
    return y + LINE


def _percent(share: float) -> str:
    """Return `60 %`, or `< 1 %`: a minimum that was found is not nothing."""
    if share < 0.01:
        return "< 1 %"
    return f"{100 * share:.0f} %"


def _scalar(scalar: Derived, unit: str) -> str:
    if str(scalar.status) == "none":
        return "not fixed"
    lower, upper = (None if end is None else float(end) for end in (scalar.lower, scalar.upper))
    return _text(float(scalar.value), lower, upper, unit, 1 if unit == "°" else 2)


def _text(
    value: float, lower: float | None, upper: float | None, unit: str = "", decimals: int = 2
) -> str:
    """Return `0.16 eV (-0.10 to 0.22)`; a dash would be lost among signs."""
    text = f"{value:.{decimals}f}" + (f" {unit}" if unit else "")
    if lower is None or upper is None or not np.isfinite(upper - lower):
        return text
    return f"{text} ({lower:.{decimals}f} to {upper:.{decimals}f})"
