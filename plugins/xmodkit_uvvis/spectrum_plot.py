"""Draw a predicted spectrum with its bounds and gaps, small enough for a contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import (
    ACCENT,
    BAND,
    CURVE,
    FAINT,
    FINE,
    FRAME,
    GRID,
    INK,
    PAPER,
    round_ticks,
)
from xmodkit.modality import Array
from xmodkit.prediction import Derived, Prediction
from xmodkit.sheet import font
from xmodkit_uvvis.modalities import ENERGY_EV, VISIBLE_FROM_EV

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

__all__ = [
    "ACCENT",
    "CURVE",
    "FAINT",
    "FRAME",
    "GAPS",
    "INK",
    "PAPER",
    "GapStyle",
    "draw_spectrum",
    "gap_dot",
]

RIM: Final = 5  # pixels below the energy axis, for the dots on it
RADIUS: Final = 4  # of a dot

UNSEEN, TINT = "#eceef1", "#f0b48c"

Point = tuple[float, float]


@dataclass(frozen=True)
class GapStyle:
    """A derived gap's name, its name in words, and the colours of its dot and its bar."""

    name: str
    label: str
    fill: str
    bar: str


GAPS: Final = (
    GapStyle("band_gap", "direct gap", ACCENT, ACCENT),
    GapStyle("band_gap_indirect", "indirect gap", PAPER, TINT),
)


def draw_spectrum(
    card: Image.Image,
    box: tuple[int, int, int, int],
    prediction: Prediction,
    measured: Array | None = None,
    label: str = "measured",
    unseen: str = "inferred",
) -> None:
    """Draw the absorption of one prediction into `box` of a card, with axes around the box.

    The box is left, top, right and bottom in pixels. Energies that no RGB sensor sees are
    shaded, and `unseen` says what that means. The scale reaches 1 at least, so that cards compare.
    Dots on the energy axis are the gaps, filled if direct, and bars their bounds. `label` says
    what the second curve is.
    """
    from PIL import ImageDraw

    left, top, right, bottom = box
    value = prediction.fields["absorption"]
    ticks = _ticks([value.value, value.upper, measured])
    axes = _Axes(right - left, bottom - top, ticks[-1])
    card.paste(_curves(axes, ticks, prediction, measured), (left, top))
    draw = ImageDraw.Draw(card)
    _draw_axes(draw, box, axes, ticks)
    seen_from = left + axes.x(VISIBLE_FROM_EV)
    draw.text(((left + seen_from) / 2, top + 8), unseen, FAINT, font(10), "mm")
    if measured is not None:
        draw.line((seen_from + 6, top + 8, seen_from + 18, top + 8), INK)
        draw.text((seen_from + 22, top + 8), label, FAINT, font(10), "lm")


@lru_cache(maxsize=4)
def gap_dot(fill: str) -> Image.Image:
    """Return the dot that marks a gap, with smooth edges on a transparent ground."""
    from PIL import Image, ImageDraw

    size = (2 * RADIUS) * FINE
    dot = Image.new("RGBA", (size, size), ACCENT + "00")
    ring = (0, 0, size - 1, size - 1)
    ImageDraw.Draw(dot).ellipse(ring, fill, ACCENT, round(1.5 * FINE))
    return dot.reduce(FINE)


@dataclass(frozen=True)
class _Axes:
    """From energy and alpha*t to pixels of a plot."""

    width: int
    height: int
    highest: float

    def x(self, energy: float) -> float:
        share = (energy - ENERGY_EV[0]) / (ENERGY_EV[-1] - ENERGY_EV[0])
        return float(share * self.width)

    def y(self, absorption: float) -> float:
        return (1 - absorption / self.highest) * self.height

    def curve(self, absorption: Array) -> list[Point]:
        """Return a curve in enlarged pixels, without what is not finite."""
        known = np.isfinite(absorption)
        x = np.linspace(0, self.width * FINE, len(ENERGY_EV))[known]
        y = (1 - absorption[known] / self.highest) * (self.height * FINE)
        return list(zip(x.tolist(), y.tolist(), strict=True))


def _ticks(curves: Sequence[Array | None]) -> list[float]:
    """Return round values from 0 to 1, or to above the highest curve."""
    finite = [curve[np.isfinite(curve)] for curve in curves if curve is not None]
    return round_ticks(0.0, max([1.0, *(float(curve.max()) for curve in finite if curve.size)]))


def _curves(
    axes: _Axes, ticks: Sequence[float], prediction: Prediction, measured: Array | None
) -> Image.Image:
    from PIL import Image, ImageDraw

    width, height = axes.width * FINE, axes.height * FINE
    image = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, axes.x(VISIBLE_FROM_EV) * FINE, height), UNSEEN)
    value = prediction.fields["absorption"]
    if value.lower is not None and value.upper is not None:
        outline = axes.curve(value.upper) + axes.curve(value.lower)[::-1]
        if len(outline) > 2:
            draw.polygon(outline, BAND)
    for tick in ticks[1:]:
        y = axes.y(tick) * FINE
        draw.line((0, y, width, y), GRID, FINE)
    for curve, colour, thickness in ((measured, INK, FINE), (value.value, CURVE, 2 * FINE)):
        points = [] if curve is None else axes.curve(curve)
        if len(points) > 1:
            draw.line(points, colour, thickness, "curve")
    plot = Image.new("RGB", (axes.width, axes.height + RIM), PAPER)
    plot.paste(image.reduce(FINE), (0, 0))
    _mark_gaps(plot, axes, prediction)
    return plot


def _mark_gaps(plot: Image.Image, axes: _Axes, prediction: Prediction) -> None:
    """Draw the energy axis and on it each gap that is not censored, the direct one on top."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(plot)
    draw.line((0, axes.height, axes.width, axes.height), FAINT)
    found = [
        (style, prediction.derived[style.name])
        for style in reversed(GAPS)
        if style.name in prediction.derived
        and str(prediction.derived[style.name].status) == "value"
    ]
    for style, gap in found:
        if (ends := _ends(gap)) is not None:
            low, high = sorted(axes.x(end) for end in ends)
            draw.rectangle((low, axes.height - 1, high, axes.height + 1), style.bar)
    for style, gap in found:
        dot = gap_dot(style.fill)
        plot.paste(dot, (round(axes.x(float(gap.value))) - RADIUS, axes.height - RADIUS), dot)


def _ends(gap: Derived) -> tuple[float, float] | None:
    """Return the ends of a gap's bar; an open bound reaches to the end of the axis."""
    if gap.lower is None or gap.upper is None or np.isnan(gap.upper - gap.lower):
        return None
    low, high = np.clip((float(gap.lower), float(gap.upper)), ENERGY_EV[0], ENERGY_EV[-1])
    return float(low), float(high)


def _draw_axes(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    axes: _Axes,
    ticks: Sequence[float],
) -> None:
    left, top, right, bottom = box
    small = font(10)
    draw.line((left - 1, top, left - 1, bottom), FAINT)
    for tick in ticks:
        y = top + axes.y(tick)
        draw.line((left - 4, y, left - 1, y), FAINT)
        draw.text((left - 7, y), f"{tick:g}", INK, small, "rm")
    for energy in (1.5, 2.0, 2.5, 3.0):
        x = left + axes.x(energy)
        draw.line((x, bottom, x, bottom + 3), FAINT)
        draw.text((x, bottom + 6), f"{energy:.1f}", INK, small, "mt")
    draw.text((left - 22, top - 8), "absorption coefficient x thickness", FAINT, small, "ls")
    draw.text(((left + right) / 2, bottom + 17), "Energy / eV", FAINT, small, "mt")
