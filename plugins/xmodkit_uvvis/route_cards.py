"""Cards of the routes beside the first: reconstruction, latent, and generated scan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.modality import Array
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value
from xmodkit.sheet import font
from xmodkit_uvvis.cards import CROP, Box, paste_crop, start_card
from xmodkit_uvvis.spectrum_plot import CURVE, FAINT, draw_spectrum

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

__all__ = ["draw_generated", "draw_latent", "draw_reconstruction"]

SECOND: Final = (164, 36, 304, 176)  # left, top, right, bottom: a second picture beside the crop
THIRD: Final = (316, 36, 428, 148)
BARS: Final = (176, 44, 426, 168)
PLOT: Final = (46, 50, 276, 150)
CAPTION_Y: Final = 188


def draw_reconstruction(sample: Sample, prediction: Prediction) -> Image.Image:
    """Draw a scan, its reconstruction beside it, and where they differ, 440 x 208 pixels."""
    from PIL import Image, ImageDraw

    scan, rebuilt = sample.arrays["scan"]["scan"], prediction.fields["scan"].value
    card = start_card(sample.id, prediction)
    draw = ImageDraw.Draw(card)
    small = np.asarray(
        Image.fromarray(scan).resize(rebuilt.shape[1::-1], Image.Resampling.LANCZOS), np.float32
    )
    off = np.abs(small - rebuilt)
    paste_crop(card, scan, CROP)
    paste_crop(card, rebuilt, SECOND)
    paste_crop(card, np.clip(255 - 4 * off, 0, 255).astype(np.uint8), THIRD)
    draw.text((_middle(CROP), CAPTION_Y), "scan", FAINT, font(11), "mm")
    draw.text((_middle(SECOND), CAPTION_Y), "reconstruction", FAINT, font(11), "mm")
    draw.text((_middle(THIRD), 160), "difference x 4", FAINT, font(11), "mm")
    draw.text((_middle(THIRD), CAPTION_Y), f"mean {off.mean():.1f} of 255", FAINT, font(11), "mm")
    return card


def draw_latent(sample: Sample, prediction: Prediction) -> Image.Image:
    """Draw a scan and its latent as bars around zero, 440 x 208 pixels."""
    from PIL import ImageDraw

    latent = prediction.fields["latent"].value
    card = start_card(sample.id, prediction)
    draw = ImageDraw.Draw(card)
    paste_crop(card, sample.arrays["scan"]["scan"], CROP)
    draw.text((_middle(CROP), CAPTION_Y), "scan", FAINT, font(11), "mm")
    _draw_bars(draw, latent)
    text = f"latent of {latent.size}, unit variance a priori"
    draw.text((_middle(BARS), CAPTION_Y), text, FAINT, font(11), "mm")
    return card


def draw_generated(sample: Sample, prediction: Prediction) -> Image.Image:
    """Draw a spectrum and the scan that was generated for it, 440 x 208 pixels."""
    from PIL import ImageDraw

    card = start_card(sample.id, prediction)
    draw = ImageDraw.Draw(card)
    spectrum = Prediction({"absorption": Value(sample.arrays["absorption"]["absorption"])})
    draw_spectrum(card, PLOT, spectrum, unseen="unseen")
    right = (288, 36, 428, 176)
    paste_crop(card, prediction.fields["scan"].value, right)
    draw.text((_middle(right), CAPTION_Y), "generated scan", FAINT, font(11), "mm")
    return card


def _draw_bars(draw: ImageDraw.ImageDraw, latent: Array) -> None:
    left, top, right, bottom = BARS
    highest = max(1.0, float(np.abs(latent[np.isfinite(latent)]).max(initial=0.0)))
    zero, half = (top + bottom) / 2, (bottom - top) / 2
    step = (right - left) / latent.size
    for i, value in enumerate(np.nan_to_num(latent)):
        x, y = left + i * step, zero - half * float(value) / highest
        draw.rectangle((x, min(y, zero), x + max(step - 1, 0.5), max(y, zero)), CURVE)
    draw.line((left, zero, right, zero), FAINT)
    for value in (highest, 0.0, -highest):
        y = zero - half * value / highest
        draw.line((left - 4, y, left - 1, y), FAINT)
        draw.text((left - 6, y), f"{value:.1f}", FAINT, font(10), "rm")


def _middle(box: Box) -> float:
    return (box[0] + box[2]) / 2
