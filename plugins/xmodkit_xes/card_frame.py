"""What the cards of both directions share: frame, title, badge, and where bounds come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import ACCENT, FRAME, INK, PAPER
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction
from xmodkit.sheet import fit_text, font

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["NOTE_Y", "SIZE", "bounds_note", "framed_card"]

SIZE: Final = (440, 208)
NOTE_Y: Final = 194
_BADGE: Final = (366, 8, 426, 27)


def framed_card(sample: Sample, prediction: Prediction) -> Image.Image:
    """Return a card with nothing but its frame, the sample's name and, if it is novel, a badge."""
    from PIL import Image, ImageDraw

    card = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), outline=FRAME)
    novel, letters = bool(np.any(prediction.novel)), font(14)
    draw.text((12, 18), fit_text(sample.id, letters, 340 if novel else 410), INK, letters, "lm")
    if novel:
        draw.rounded_rectangle(_BADGE, 4, ACCENT)
        draw.text((396, 18), "NOVEL", PAPER, font(12), "mm")
    return card


def bounds_note(prediction: Prediction) -> str:
    """Return where the bounds come from, or that there are none."""
    source = "none" if prediction.bounds_source is None else str(prediction.bounds_source)
    if np.any(prediction.novel):
        return "no bounds: novel"
    return "no bounds" if source == "none" else f"bounds: {source}"
