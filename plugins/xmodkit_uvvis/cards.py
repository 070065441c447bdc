"""Draw one sample on a card: the crop as read, the predicted spectrum, the gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from xmodkit.pair import Sample
from xmodkit.prediction import Derived, Prediction
from xmodkit.sheet import fit_text, font
from xmodkit.text import scalar_text
from xmodkit_uvvis.spectrum_plot import (
    ACCENT,
    FAINT,
    FRAME,
    GAPS,
    INK,
    PAPER,
    draw_spectrum,
    gap_dot,
)

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

__all__ = ["draw_card", "paste_crop", "start_card"]

Box = tuple[int, int, int, int]

SIZE: Final = (440, 208)
CROP: Final = (12, 36, 152, 176)  # left, top, right, bottom
PLOT: Final = (190, 50, 426, 138)
GAP_ROWS: Final = (176, 192)
TITLE_Y: Final = 18


def draw_card(sample: Sample, prediction: Prediction) -> Image.Image:
    """Draw the card of one sample and its prediction (neither batched), RGB, 440 x 208 pixels.

    A spectrum that the sample brings along is drawn beside the predicted one. Novel samples have
    no bounds, and say so.
    """
    from PIL import ImageDraw

    card = start_card(sample.id, prediction)
    draw = ImageDraw.Draw(card)
    novel = bool(np.any(prediction.novel))
    paste_crop(card, sample.arrays["scan"]["scan"], CROP)
    known = sample.arrays.get("absorption", {}).get("absorption")
    label = "simulated" if sample.metadata.get("simulated") else "measured"
    draw_spectrum(card, PLOT, prediction, known, label)
    _draw_gaps(card, draw, prediction.derived)
    note, colour = _bounds_note(prediction, novel)
    draw.text(((CROP[0] + CROP[2]) / 2, GAP_ROWS[-1]), note, colour, font(11), "mm")
    return card


def start_card(name: str, prediction: Prediction) -> Image.Image:
    """Return an empty card with a sample's name, and a badge if it is novel."""
    from PIL import Image, ImageDraw

    card = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), outline=FRAME)
    _draw_title(draw, name, bool(np.any(prediction.novel)))
    return card


def paste_crop(card: Image.Image, pixels: NDArray[np.uint8], box: Box) -> None:
    """Paste an image into a box (left, top, right, bottom) of a card, as large as it fits."""
    from PIL import Image

    left, top, right, bottom = box
    crop = Image.fromarray(pixels)
    share = min((right - left) / crop.width, (bottom - top) / crop.height)
    size = (max(1, round(crop.width * share)), max(1, round(crop.height * share)))
    # enlarged pixels stay square, so that nobody mistakes them for detail
    way = Image.Resampling.NEAREST if share > 1 else Image.Resampling.LANCZOS
    crop = crop.resize(size, way, reducing_gap=3.0)
    card.paste(crop, ((left + right - size[0]) // 2, (top + bottom - size[1]) // 2))


def _draw_title(draw: ImageDraw.ImageDraw, name: str, novel: bool) -> None:
    room = SIZE[0] - 2 * CROP[0]
    if novel:
        left, right = SIZE[0] - 74, SIZE[0] - 14
        draw.rounded_rectangle((left, TITLE_Y - 10, right, TITLE_Y + 9), 4, ACCENT)
        draw.text(((left + right) / 2, TITLE_Y), "NOVEL", PAPER, font(12), "mm")
        room -= 70
    letters = font(14)
    draw.text((CROP[0], TITLE_Y), fit_text(name, letters, room), INK, letters, "lm")


def _draw_gaps(
    card: Image.Image, draw: ImageDraw.ImageDraw, derived: Mapping[str, Derived]
) -> None:
    """Write the gaps under the plot, each behind its dot."""
    left, letters = PLOT[0], font(13)
    for style, y in zip(GAPS, GAP_ROWS, strict=True):
        if style.name in derived:
            dot = gap_dot(style.fill)
            card.paste(dot, (left, y - dot.height // 2), dot)
            draw.text((left + 14, y), style.label, FAINT, letters, "lm")
            draw.text((left + 94, y), _gap_text(derived[style.name]), INK, letters, "lm")


def _gap_text(gap: Derived) -> str:
    lower, upper = (None if bound is None else float(bound) for bound in (gap.lower, gap.upper))
    return scalar_text(float(gap.value), lower, upper, str(gap.status), "eV")


def _bounds_note(prediction: Prediction, novel: bool) -> tuple[str, str]:
    """Return what to say of the bounds, and in which colour."""
    if novel:
        return "no bounds: novel sample", ACCENT
    source = "none" if prediction.bounds_source is None else str(prediction.bounds_source)
    return ("no bounds" if source == "none" else f"bounds: {source}"), FAINT
