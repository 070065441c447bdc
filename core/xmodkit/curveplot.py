"""Draw curves with bounds, small enough for a contact sheet (Pillow alone)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.modality import Array
from xmodkit.sheet import font

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "ACCENT",
    "BAND",
    "CURVE",
    "FAINT",
    "FINE",
    "FRAME",
    "GRID",
    "INK",
    "PAPER",
    "Line",
    "PlotAxes",
    "draw_curves",
    "inner_ticks",
    "round_ticks",
]

FINE: Final = 4  # curves are drawn this much larger and averaged: smooth lines

PAPER, FRAME, GRID = "#ffffff", "#c5ccd6", "#dde2e8"
INK, FAINT = "#1b2430", "#5b6675"
# Blue and vermilion of Okabe and Ito: told apart by every kind of colour vision.
CURVE, BAND, ACCENT = "#0072b2", "#bcdaec", "#d55e00"

Box = tuple[int, int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A curve (points,), its colour, and how thick it is in quarters of a pixel."""

    values: Array
    colour: str = CURVE
    thickness: int = 2 * FINE


@dataclass(frozen=True)
class PlotAxes:
    """From values to pixels of a plot `width` by `height`; y grows upwards."""

    width: int
    height: int
    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, value: float) -> float:
        """Return where a value lies across, in pixels."""
        low, high = self.across
        return (value - low) / (high - low) * self.width

    def y(self, value: float) -> float:
        """Return where a value lies down from the top, in pixels."""
        low, high = self.up
        return (high - value) / (high - low) * self.height

    def points(self, across: Array, values: Array) -> list[Point]:
        """Return a curve in enlarged pixels, without what is not finite."""
        known = np.isfinite(values)
        x = (across[known] - self.across[0]) / (self.across[1] - self.across[0])
        y = (self.up[1] - values[known]) / (self.up[1] - self.up[0])
        return list(
            zip((x * self.width * FINE).tolist(), (y * self.height * FINE).tolist(), strict=True)
        )


def round_ticks(low: float, high: float, count: int = 3) -> list[float]:
    """Return about `count` round values that span `low` to `high`, the ends included."""
    width = high - low
    if not width > 0:
        return [low, low + 1.0]
    magnitude = 10.0 ** floor(log10(width / count))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= width / count)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [step * i for i in range(first, last + 1)]


def inner_ticks(low: float, high: float) -> list[float]:
    """Return round values between `low` and `high`: two at least, so that a scale is seen."""
    inside: list[float] = []
    for count in range(3, 7):
        inside = [tick for tick in round_ticks(low, high, count) if low <= tick <= high]
        if len(inside) > 1:
            break
    return inside


def draw_curves(
    card: Image.Image,
    box: Box,
    across: Array,
    lines: Sequence[Line],
    band: tuple[Array, Array] | None = None,
    *,
    label: str = "",
    title: str = "",
) -> None:
    """Draw curves over `across` (points,) into `box` of a card, with axes around the box.

    The box is left, top, right and bottom in pixels. `band` is drawn beneath, the last line on
    top. `label` names what lies across, `title` stands above.
    """
    from PIL import Image, ImageDraw

    left, top, right, bottom = box
    shown = [line.values for line in lines] + list(band or ())
    finite = np.concatenate([[0.0], *(values[np.isfinite(values)] for values in shown)])
    up = round_ticks(float(finite.min()), float(finite.max()))
    axes = PlotAxes(
        right - left, bottom - top, (float(across[0]), float(across[-1])), (up[0], up[-1])
    )
    image = Image.new("RGB", (axes.width * FINE, axes.height * FINE), PAPER)
    fine = ImageDraw.Draw(image)
    if band is not None:
        outline = axes.points(across, band[1]) + axes.points(across, band[0])[::-1]
        if len(outline) > 2:
            fine.polygon(outline, BAND)
    for tick in up:
        fine.line((0, axes.y(tick) * FINE, axes.width * FINE, axes.y(tick) * FINE), GRID, FINE)
    for line in lines:
        points = axes.points(across, line.values)
        if len(points) > 1:
            fine.line(points, line.colour, line.thickness, "curve")
    card.paste(image.reduce(FINE), (left, top))
    _draw_axes(card, box, axes, up, label, title)


def _draw_axes(
    card: Image.Image, box: Box, axes: PlotAxes, up: Sequence[float], label: str, title: str
) -> None:
    from PIL import ImageDraw

    draw, small = ImageDraw.Draw(card), font(10)
    left, top, right, bottom = box
    draw.line((left - 1, top, left - 1, bottom), FAINT)
    draw.line((left, bottom, right, bottom), FAINT)
    for tick in up:
        y = top + axes.y(tick)
        draw.line((left - 4, y, left - 1, y), FAINT)
        draw.text((left - 7, y), f"{tick:.3g}", INK, small, "rm")
    for tick in inner_ticks(*axes.across):
        x = left + axes.x(tick)
        draw.line((x, bottom, x, bottom + 3), FAINT)
        draw.text((x, bottom + 6), f"{tick:g}", INK, small, "mt")
    draw.text((left, top - 8), title, FAINT, small, "ls")
    draw.text(((left + right) / 2, bottom + 17), label, FAINT, small, "mt")
