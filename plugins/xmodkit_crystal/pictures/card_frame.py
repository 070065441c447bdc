"""What the cards of every route share: frame, title, badge, captions and lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import ACCENT, FAINT, FRAME, INK, PAPER
from xmodkit.prediction import Prediction
from xmodkit.sheet import fit_text, font
from xmodkit.text import number_text

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["HEIGHT", "MARGIN", "Fact", "caption", "framed_card", "trust", "write_facts"]

HEIGHT: Final = 352
MARGIN: Final = 14
_LINE: Final = 16
_LABEL: Final = 96

Fact = tuple[str, str]


def framed_card(width: int, name: str, *, novel: bool = False, height: int = HEIGHT) -> Image.Image:
    """Return a card with nothing but its frame, a name and, if it is novel, a badge."""
    from PIL import Image, ImageDraw

    card = Image.new("RGB", (width, height), PAPER)
    draw, letters = ImageDraw.Draw(card), font(14)
    edge = ACCENT if novel else FRAME
    draw.rectangle((0, 0, width - 1, height - 1), outline=edge, width=2 if novel else 1)
    room = width - 2 * MARGIN - (80 if novel else 0)
    draw.text((MARGIN, 19), fit_text(name, letters, room), INK, letters, "lm")
    if novel:
        right = width - MARGIN
        draw.rounded_rectangle((right - 62, 9, right, 28), 4, ACCENT)
        draw.text((right - 31, 19), "NOVEL", PAPER, font(12), "mm")
    return card


def caption(card: Image.Image, left: float, top: float, text: str) -> None:
    """Write what a picture shows above it; `top` is the picture's."""
    from PIL import ImageDraw

    ImageDraw.Draw(card).text((left, top - 5), text, FAINT, font(11), "ls")


def write_facts(
    card: Image.Image, place: tuple[int, int], facts: Sequence[Fact], width: int
) -> int:
    """Write labels and texts line by line in `width` pixels; return where the next line begins.

    `place` is the left and the middle of the first line. A fact without a label is a sentence.
    """
    from PIL import ImageDraw

    draw, letters = ImageDraw.Draw(card), font(12)
    left, middle = place
    for label, text in facts:
        start = _LABEL if label else 0
        draw.text((left, middle), label, FAINT, letters, "lm")
        shown = fit_text(text, letters, width - start)
        draw.text((left + start, middle), shown, INK if label else FAINT, letters, "lm")
        middle += _LINE
    return middle


def trust(prediction: Prediction) -> list[Fact]:
    """Return what to say of a sample's novelty, and of whence bounds come if there are any."""
    novel, facts = bool(np.any(prediction.novel)), []
    if prediction.novelty is not None:
        said = "novel" if novel else "familiar"
        facts.append(("novelty", f"{number_text(float(prediction.novelty))} ({said})"))
    bounded = any(value.lower is not None for value in prediction.fields.values())
    if bounded and prediction.bounds_source is not None:
        facts.append(("bounds", "none: novel" if novel else str(prediction.bounds_source)))
    return facts
