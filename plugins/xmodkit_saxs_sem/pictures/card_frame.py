"""What the cards of every route share: frame, title, badge, captions and lines of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import ACCENT, FAINT, FRAME, INK, PAPER
from xmodkit.modality import Array
from xmodkit.pair import Sample
from xmodkit.prediction import Derived, Prediction, Value
from xmodkit.sheet import fit_text, font
from xmodkit.text import scalar_text

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "BOTTOM",
    "FRAME_LEFT",
    "MARGIN",
    "STEP",
    "TILE",
    "TOP",
    "band_of",
    "caption",
    "framed_card",
    "kind_of",
    "write_facts",
]

HEIGHT: Final = 284
TILE: Final = 192  # twice the pixels of a predicted image
TOP: Final = 54
BOTTOM: Final = TOP + TILE
STEP: Final = TILE + 14  # from one picture to the next
MARGIN: Final = 14
FRAME_LEFT: Final = 46  # of a frame's picture, whose ticks of qy stand beside it
_LINE: Final = 15
_LABEL: Final = 88

# What derived values are called on a card, in order.
_FACTS: Final = {
    "domain_spacing": ("spacing", "nm"),
    "orientation": ("orientation", "deg"),
    "orientation_order": ("order", ""),
    "area_fraction": ("area fraction", ""),
    "defect_density": ("defects", "per um2"),
    "peak_q": ("peak q", "1/nm"),
}


def framed_card(width: int, sample: Sample, prediction: Prediction) -> Image.Image:
    """Return a card with nothing but its frame, the sample's name and, if it is novel, a badge."""
    from PIL import Image, ImageDraw

    card = Image.new("RGB", (width, HEIGHT), PAPER)
    draw = ImageDraw.Draw(card)
    novel, letters = bool(np.any(prediction.novel)), font(14)
    edge = ACCENT if novel else FRAME
    draw.rectangle((0, 0, width - 1, HEIGHT - 1), outline=edge, width=2 if novel else 1)
    room = width - 2 * MARGIN - (80 if novel else 0)
    draw.text((MARGIN, 19), fit_text(sample.id, letters, room), INK, letters, "lm")
    if novel:
        right = width - MARGIN
        draw.rounded_rectangle((right - 62, 9, right, 28), 4, ACCENT)
        draw.text((right - 31, 19), "NOVEL", PAPER, font(12), "mm")
    return card


def caption(card: Image.Image, left: int, text: str) -> None:
    """Write what a picture shows above it."""
    from PIL import ImageDraw

    ImageDraw.Draw(card).text((left, TOP - 7), text, FAINT, font(11), "ls")


def write_facts(card: Image.Image, place: tuple[int, int], prediction: Prediction) -> None:
    """Write derived values with their bounds line by line, and whence the bounds come.

    `place` is the left and the top of the first line.
    """
    from PIL import ImageDraw

    draw, letters = ImageDraw.Draw(card), font(12)
    left, top = place
    for label, text in _facts(prediction.derived):
        draw.text((left, top), label, FAINT, letters, "lm")
        draw.text((left + _LABEL, top), text, INK, letters, "lm")
        top += _LINE
    for note, colour in _notes(prediction):
        draw.text((left, top), note, colour, font(11), "lm")
        top += _LINE


def _facts(derived: Mapping[str, Derived]) -> Sequence[tuple[str, str]]:
    """Return the label and the text of each derived value there is."""
    return [
        (label, _said(derived[name], unit))
        for name, (label, unit) in _FACTS.items()
        if name in derived
    ]


def kind_of(sample: Sample) -> str:
    """Return how what is known of a sample was found."""
    return "simulated" if sample.metadata.get("simulated") else "measured"


def band_of(value: Value) -> tuple[Array, Array] | None:
    """Return the bounds of one sample's field, None if it has none."""
    return None if value.lower is None or value.upper is None else (value.lower, value.upper)


def _said(scalar: Derived, unit: str) -> str:
    """Return a value and its bounds: `36.10 nm (34.91-37.22)`, or `none`."""
    lower, upper = (None if end is None else float(end) for end in (scalar.lower, scalar.upper))
    status = None if scalar.status is None else str(scalar.status)
    return scalar_text(float(scalar.value), lower, upper, status, unit)


def _notes(prediction: Prediction) -> list[tuple[str, str]]:
    """Return what to say of novelty and of the bounds, and in which colour."""
    novel = bool(np.any(prediction.novel))
    source = "none" if prediction.bounds_source is None else str(prediction.bounds_source)
    said = f"bounds: {'none, novel sample' if novel else source}"
    colour = ACCENT if novel else FAINT
    if prediction.novelty is None:
        return [(said, colour)]
    return [(f"novelty {float(prediction.novelty):.3g}, {said}", colour)]
