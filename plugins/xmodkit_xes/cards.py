"""Draw one sample on a card: the structure, its spectrum with bounds, and its sites' spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import ACCENT, FAINT, FINE, FRAME, INK, PAPER, Line, draw_curves
from xmodkit.modality import Arrays
from xmodkit.pair import Route, Sample
from xmodkit.prediction import Prediction, Value
from xmodkit.sheet import fit_text, font
from xmodkit_xes.fit_card import draw_fit
from xmodkit_xes.reading.clusters import clusters
from xmodkit_xes.reading.elements import symbol
from xmodkit_xes.sketch import draw_atoms

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_card"]

SIZE: Final = (440, 208)
SKETCH: Final = (12, 34, 148)  # left, top, width
PLOT: Final = (206, 50, 426, 150)
NOTE_Y: Final = 194
_SITE, _KNOWN = "#9fb8c9", INK
_MOST_ATOMS = 150  # more are not told apart: the first site's surroundings are drawn
_MOST_SITES = 60
_AROUND_A = 4.5


def draw_card(sample: Sample, prediction: Prediction, route: Route) -> Image.Image | None:
    """Draw the card of one sample and its prediction (neither batched), RGB, 440 x 208 pixels.

    A spectrum that the sample brings along is drawn beside the predicted one. A fit's card shows
    the measured curve and the structure found; routes from latent scores have none.
    """
    from PIL import Image, ImageDraw

    card = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), outline=FRAME)
    letters = font(14)
    novel = bool(np.any(prediction.novel))
    draw.text((12, 18), fit_text(sample.id, letters, 340 if novel else 410), INK, letters, "lm")
    if novel:
        draw.rounded_rectangle((366, 8, 426, 27), 4, ACCENT)
        draw.text((396, 18), "NOVEL", PAPER, font(12), "mm")
    if route.kind == "fit":
        draw_fit(card, sample, prediction, route.source)
        return card
    if route.source != "structure":
        return None
    structure = sample.arrays["structure"]
    _sketch(card, structure)
    value = prediction.fields[route.target]
    _plot(card, sample, value, prediction.fields.get(f"{route.target}_sites"), route.target)
    sites = structure["sites"][structure["sites"] >= 0]
    element = symbol(int(structure["numbers"][sites[0]]))
    count = f"{len(sites)} sites of {element}" if len(sites) > 1 else f"{element} {sites[0]}"
    draw.text((SKETCH[0] + SKETCH[2] / 2, NOTE_Y), count, FAINT, font(11), "mm")
    draw.text(((PLOT[0] + PLOT[2]) / 2, NOTE_Y), _note(prediction, novel), FAINT, font(11), "mm")
    return card


def _sketch(card: Image.Image, structure: Arrays) -> None:
    """Draw the structure; of a crystal or a large one, the atoms around the first site."""
    left, top, width = SKETCH
    numbers, places = structure["numbers"], structure["positions"]
    marked = structure["sites"][structure["sites"] >= 0]
    if structure["cell"].any() or len(numbers) > _MOST_ATOMS:
        around = clusters({**structure, "sites": marked[:1]}, _AROUND_A)[0]
        numbers, places, marked = around["numbers"], around["positions"], np.array([0])
    card.paste(draw_atoms(numbers, places.astype(float), width, marked), (left, top))


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


def _note(prediction: Prediction, novel: bool) -> str:
    if novel:
        return "no bounds: novel"
    source = "none" if prediction.bounds_source is None else str(prediction.bounds_source)
    return "no bounds" if source == "none" else f"bounds: {source}"
