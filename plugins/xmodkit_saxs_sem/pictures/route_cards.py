"""Draw the cards of the other routes: a predicted frame, and reconstructions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import FAINT, INK, Line, draw_curves
from xmodkit.modality import Array, Arrays
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction
from xmodkit.sheet import font
from xmodkit_saxs_sem.frames import RING_Q, has_q, logs, radial_profile
from xmodkit_saxs_sem.modalities import LOG_INTENSITY, PIXEL_NM, PROBABILITY, SAXS
from xmodkit_saxs_sem.pictures.card_frame import (
    FRAME_LEFT,
    MARGIN,
    STEP,
    TILE,
    TOP,
    band_of,
    caption,
    framed_card,
    kind_of,
    write_facts,
)
from xmodkit_saxs_sem.pictures.cards import draw_probability
from xmodkit_saxs_sem.pictures.frame import MASKED, Place, colours, draw_frame
from xmodkit_saxs_sem.pictures.micrograph import central_field, draw_micrograph

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_rebuilt_frame", "draw_rebuilt_image", "draw_scattering", "frame_of"]

_PLOT: Final = (200, 116)  # width, height
_BESIDE: Final = 30  # from one frame to the next: ticks lie between


def frame_of(prediction: Prediction) -> dict[str, Array]:
    """Return the frame that was predicted for one sample."""
    return {field.name: prediction.fields[field.name].value for field in SAXS.fields}


def draw_scattering(sample: Sample, prediction: Prediction) -> Image.Image:
    """Draw the card of sem:saxs (neither batched), RGB.

    From the left: the micrograph and its middle, the predicted frame, the frame that the sample
    brings along or else the width of the bounds, and means over rings.
    """
    truth = sample.arrays.get("saxs")
    frame_left = MARGIN + 2 * STEP + _BESIDE
    beside = frame_left + STEP + _BESIDE
    plot = beside + STEP + 44
    card = framed_card(plot + _PLOT[0] + MARGIN, sample, prediction)
    _draw_input(card, sample)
    caption(card, frame_left, "predicted frame, log intensity")
    draw_frame(card, (frame_left, TOP, TILE), frame_of(prediction))
    if truth:
        caption(card, beside, f"{kind_of(sample)} frame")
        draw_frame(card, (beside, TOP, TILE), truth)
    else:
        _draw_width(card, (beside, TOP, TILE), prediction)
    _draw_rings(card, plot, prediction, truth)
    write_facts(card, (plot - 30, TOP + _PLOT[1] + 46), prediction)
    return card


def draw_rebuilt_frame(sample: Sample, prediction: Prediction) -> Image.Image:
    """Draw the card of saxs:saxs: the frame, what the latent keeps of it, means over rings."""
    frame = sample.arrays["saxs"]
    beside = FRAME_LEFT + STEP + _BESIDE
    plot = beside + STEP + 44
    card = framed_card(plot + _PLOT[0] + MARGIN, sample, prediction)
    caption(card, FRAME_LEFT, "frame, log intensity")
    draw_frame(card, (FRAME_LEFT, TOP, TILE), frame)
    caption(card, beside, "reconstruction")
    draw_frame(card, (beside, TOP, TILE), frame_of(prediction))
    _draw_rings(card, plot, prediction, frame)
    write_facts(card, (plot - 30, TOP + _PLOT[1] + 46), prediction)
    return card


def draw_rebuilt_image(sample: Sample, prediction: Prediction) -> Image.Image:
    """Draw the card of sem:sem: the micrograph, its middle, and what the latent keeps of it."""
    lefts = [MARGIN + i * STEP for i in range(5)]
    card = framed_card(lefts[4] + 230, sample, prediction)
    _draw_input(card, sample)
    caption(card, lefts[2], "reconstruction")
    image = prediction.fields["micrograph"].value
    draw_micrograph(card, (lefts[2], TOP, TILE), image, PIXEL_NM)
    caption(card, lefts[3], "probability of the bright phase")
    probability = prediction.fields[PROBABILITY.name].value
    draw_probability(card, (lefts[3], TOP, TILE), probability)
    write_facts(card, (lefts[4], TOP + 8), prediction)
    return card


def _draw_input(card: Image.Image, sample: Sample) -> None:
    sem = sample.arrays["sem"]
    levels, pixel = sem["micrograph"], float(sem["pixel_nm"])
    caption(card, MARGIN, "micrograph, its middle framed")
    draw_micrograph(card, (MARGIN, TOP, TILE), levels, pixel, marked=True)
    caption(card, MARGIN + STEP, "the middle")
    draw_micrograph(card, (MARGIN + STEP, TOP, TILE), central_field(levels, pixel), pixel)


def _draw_width(card: Image.Image, place: Place, prediction: Prediction) -> None:
    """Draw how wide the bounds are, pixel by pixel, as shares of the widest that has an end."""
    from PIL import Image, ImageDraw

    band = band_of(prediction.fields[LOG_INTENSITY.name])
    if band is None or not np.isfinite(band[0]).any():
        return
    with np.errstate(invalid="ignore", over="ignore"):
        width = band[1] - band[0]
    ended = np.isfinite(width) & (prediction.fields["mask"].value > 0)
    if not ended.any():
        return
    left, top, size = place
    most = float(width[ended].max()) or 1.0
    caption(card, left, "width of the bounds")
    painted = np.where(ended[..., None], colours(np.where(ended, width, 0) / most), MASKED)
    picture = Image.fromarray(painted.astype(np.uint8))
    card.paste(picture.resize((size, size), Image.Resampling.NEAREST), (left, top))
    said = f"from {width[ended].min():.2f}, dark, to {most:.2f} decades"
    ImageDraw.Draw(card).text((left, top + size + 11), said, FAINT, font(10), "lm")


def _draw_rings(card: Image.Image, left: int, prediction: Prediction, known: Arrays | None) -> None:
    """Plot means over rings of log intensity with bounds, and those of a known frame."""
    predicted = frame_of(prediction)
    value = prediction.fields[LOG_INTENSITY.name]
    shown = slice(1, None)  # no ring at the beam
    profile = radial_profile(predicted, value.value)[shown]
    lines = [Line(profile)]
    if known is not None and has_q(known):
        lines.insert(0, Line(_on_scale(known, profile), INK, 4))
    band = band_of(value)
    ends = None
    if band is not None:
        ends = (
            radial_profile(predicted, band[0])[shown],
            radial_profile(predicted, band[1])[shown],
        )
    box = (left, TOP, left + _PLOT[0], TOP + _PLOT[1])
    title = "log10 of I over its mean, on rings"
    band = (ends[0], ends[1]) if ends else None
    draw_curves(card, box, RING_Q[shown], lines, band, label="q / (1/nm)", title=title)


def _on_scale(frame: Arrays, profile: Array) -> Array:
    """Return the profile of a frame of arbitrary scale, shifted to lie on another."""
    own: Array = radial_profile(frame, logs(frame["intensity"]))[1:]
    both = np.isfinite(own) & np.isfinite(profile)
    return own + np.median(profile[both] - own[both]) if both.any() else own
