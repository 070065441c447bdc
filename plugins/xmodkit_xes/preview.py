"""What would be read from a file: its structures with their absorbing atoms, or its curves."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import FAINT, FRAME, INK, PAPER, Line, draw_curves
from xmodkit.errors import InputError
from xmodkit.pair import Failure, Route, Sample
from xmodkit.sheet import PAGE, contact_sheet, fit_text, font
from xmodkit_xes.cards import said_sites, sketch_structure

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_preview"]

SIZE: Final = (220, 236)
_SKETCH: Final = (14, 32, 192)  # left, top, width
_PLOT: Final = (42, 52, 200, 190)


def draw_preview(found: Iterable[Sample | Failure], route: Route) -> Image.Image:
    """Draw the samples of one file, up to a page of them; the absorbing atoms are ringed.

    Raise `InputError` with the first failure if none of the first can be read.
    """
    first = list(islice(found, PAGE))
    cards = [_card(sample, route) for sample in first if isinstance(sample, Sample)]
    if not cards:
        errors = [failure.error for failure in first if isinstance(failure, Failure)]
        raise InputError(errors[0] if errors else "nothing to preview")
    return cards[0] if len(cards) == 1 else contact_sheet(cards)


def _card(sample: Sample, route: Route) -> Image.Image:
    from PIL import Image, ImageDraw

    card = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), outline=FRAME)
    letters, small = font(13), font(11)
    draw.text((12, 17), fit_text(sample.id, letters, SIZE[0] - 24), INK, letters, "lm")
    if route.source == "structure":
        left, top, width = _SKETCH
        structure = sample.arrays["structure"]
        card.paste(sketch_structure(structure, width), (left, top))
        said = f"{said_sites(structure)}, {len(structure['numbers'])} atoms"
    else:
        energy = np.array(sample.coordinates[f"{route.source}_energy"])
        curve = [Line(sample.arrays[route.source][route.source])]
        draw_curves(card, _PLOT, energy, curve, label="Energy / eV", title=route.source.upper())
        said = f"{len(energy)} points"
    draw.text((SIZE[0] / 2, SIZE[1] - 9), said, FAINT, small, "mm")
    return card
