"""Draw the card of one sample of the first route: a frame and the morphologies it may come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from xmodkit.curveplot import FAINT, Line, draw_curves
from xmodkit.modality import Array
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction
from xmodkit.sheet import font
from xmodkit_saxs_sem.modalities import ENSEMBLE, PIXEL_NM, PROBABILITY, R_NM, TWO_POINT
from xmodkit_saxs_sem.pictures.card_frame import (
    BOTTOM,
    FRAME_LEFT,
    STEP,
    TILE,
    TOP,
    band_of,
    caption,
    framed_card,
    kind_of,
    write_facts,
)
from xmodkit_saxs_sem.pictures.frame import Place, colours, draw_frame
from xmodkit_saxs_sem.pictures.micrograph import central_field, draw_micrograph, montage

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["SHOWN", "draw_morphology", "draw_probability"]

SHOWN: Final = 6  # members of an ensemble
_MEMBER: Final = 62
_PLOT: Final = (190, 100)  # width, height


def draw_morphology(sample: Sample, prediction: Prediction) -> Image.Image:
    """Draw the card of saxs:sem (neither batched), RGB.

    From the left: the frame, the predicted image, its probability, members of the ensemble, S(r)
    with its bounds and what is derived. A micrograph that the sample brings along stands beside.
    """
    truth = sample.arrays.get("sem")
    members = FRAME_LEFT + (4 if truth else 3) * STEP
    plot = members + 2 * _MEMBER + 62
    card = framed_card(plot + _PLOT[0] + 20, sample, prediction)
    caption(card, FRAME_LEFT, "frame, log intensity")
    draw_frame(card, (FRAME_LEFT, TOP, TILE), sample.arrays["saxs"])
    left = FRAME_LEFT + STEP
    caption(card, left, "predicted image")
    image = prediction.fields["micrograph"].value
    draw_micrograph(card, (left, TOP, TILE), image, PIXEL_NM)
    if PROBABILITY.name in prediction.fields:
        caption(card, left + STEP, "probability of the bright phase")
        place = (left + STEP, TOP, TILE)
        draw_probability(card, place, prediction.fields[PROBABILITY.name].value)
    if truth:
        pixel = float(truth["pixel_nm"])
        caption(card, left + 2 * STEP, f"{kind_of(sample)} micrograph, its middle")
        field = central_field(truth["micrograph"], pixel)
        draw_micrograph(card, (left + 2 * STEP, TOP, TILE), field, pixel)
    _draw_members(card, members, prediction)
    _draw_two_point(card, plot, prediction)
    write_facts(card, (plot - 30, TOP + _PLOT[1] + 44), prediction)
    return card


def draw_probability(card: Image.Image, place: Place, probability: Array) -> None:
    """Draw a map of probabilities (y, x) into a square of a card, with a key beneath."""
    from PIL import Image, ImageDraw

    left, top, size = place
    picture = Image.fromarray(colours(np.nan_to_num(probability)))
    card.paste(picture.resize((size, size), Image.Resampling.NEAREST), (left, top))
    key: NDArray[np.uint8] = np.tile(colours(np.linspace(0, 1, 80)), (6, 1, 1))
    card.paste(Image.fromarray(key), (left + 12, top + size + 8))
    draw, small = ImageDraw.Draw(card), font(10)
    draw.text((left + 9, top + size + 11), "0", FAINT, small, "rm")
    draw.text((left + 95, top + size + 11), "1", FAINT, small, "lm")


def _draw_members(card: Image.Image, left: int, prediction: Prediction) -> None:
    from PIL import ImageDraw

    if ENSEMBLE.name not in prediction.fields:
        return
    members = prediction.fields[ENSEMBLE.name].value
    caption(card, left, f"{min(SHOWN, len(members))} of {len(members)} members")
    card.paste(montage(members[:SHOWN], 2, _MEMBER), (left, TOP))
    size = f"{PIXEL_NM * members.shape[2]:g} nm each"
    ImageDraw.Draw(card).text((left, BOTTOM + 11), size, FAINT, font(10), "lm")


def _draw_two_point(card: Image.Image, left: int, prediction: Prediction) -> None:
    if TWO_POINT.name not in prediction.fields:
        return
    value = prediction.fields[TWO_POINT.name]
    box = (left, TOP, left + _PLOT[0], TOP + _PLOT[1])
    title = "S(r), mean of the ensemble"
    lines = [Line(value.value)]
    draw_curves(card, box, R_NM, lines, band_of(value), label="r / nm", title=title)
