"""Draw one sample on a card: the structure, its spectrum with bounds, and its sites' spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import FAINT, FINE, INK, Line, draw_curves
from xmodkit.modality import Arrays
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value
from xmodkit.sheet import font
from xmodkit.structures.elements import symbol
from xmodkit_xes.card_frame import NOTE_Y, bounds_note, framed_card
from xmodkit_xes.reading.clusters import clusters
from xmodkit_xes.sketch import draw_atoms

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_card", "said_sites", "sketch_structure"]

SKETCH: Final = (12, 34, 148)  # left, top, width
PLOT: Final = (206, 50, 418, 150)
_SITE, _KNOWN = "#9fb8c9", INK
_MOST_ATOMS = 150  # more are not told apart: the first site's surroundings are drawn
_MOST_SITES = 60
_AROUND_A = 4.5


def draw_card(sample: Sample, prediction: Prediction, kind: str) -> Image.Image:
    """Draw the card of one sample and its prediction (neither batched), RGB, 440 x 208 pixels.

    `kind` is that of the predicted spectrum. One that the sample brings along is drawn beside it.
    """
    from PIL import ImageDraw

    card = framed_card(sample, prediction)
    draw = ImageDraw.Draw(card)
    structure = sample.arrays["structure"]
    card.paste(sketch_structure(structure, SKETCH[2]), SKETCH[:2])
    value = prediction.fields[kind]
    _plot(card, sample, value, prediction.fields.get(f"{kind}_sites"), kind)
    middle = SKETCH[0] + SKETCH[2] / 2
    draw.text((middle, NOTE_Y), said_sites(structure), FAINT, font(11), "mm")
    draw.text(((PLOT[0] + PLOT[2]) / 2, NOTE_Y), bounds_note(prediction), FAINT, font(11), "mm")
    return card


def sketch_structure(structure: Arrays, size: int) -> Image.Image:
    """Return a square picture of a structure; of a crystal, of the atoms around the first site."""
    numbers, places = structure["numbers"], structure["positions"]
    marked = structure["sites"][structure["sites"] >= 0]
    if structure["cell"].any() or len(numbers) > _MOST_ATOMS:
        around = clusters({**structure, "sites": marked[:1]}, _AROUND_A)[0]
        numbers, places, marked = around["numbers"], around["positions"], np.array([0])
    return draw_atoms(numbers, places.astype(float), size, marked)


def said_sites(structure: Arrays) -> str:
    """Return which atoms absorb: `6 sites of S`, or of one alone `S 3` with its index."""
    sites = structure["sites"][structure["sites"] >= 0]
    element = symbol(int(structure["numbers"][sites[0]]))
    return f"{len(sites)} sites of {element}" if len(sites) > 1 else f"{element} {sites[0]}"


def _plot(card: Image.Image, sample: Sample, value: Value, sites: Value | None, kind: str) -> None:
    energy = np.array(value.axes[-1].coordinates)
    lines = []
    if sites is not None:
        curves = sites.value[np.isfinite(sites.value).any(axis=1)]
        if len(curves) > 1:
            lines = [Line(curve, _SITE, FINE) for curve in curves[:_MOST_SITES]]
    known = sample.arrays.get(kind, {}).get(kind)
    if known is not None and known.shape == energy.shape:
        lines.append(Line(known, _KNOWN, FINE))
    lines.append(Line(value.value))
    band = None if value.lower is None or value.upper is None else (value.lower, value.upper)
    draw_curves(card, PLOT, energy, lines, band, label="Energy / eV", title=kind.upper())
