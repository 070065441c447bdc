"""Draw what was generated for a frame: its members, and S(r) of each of them."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from xmodkit.curveplot import ACCENT, INK, PAPER, Line, draw_curves
from xmodkit.pair import Sample
from xmodkit.sheet import fit_text, font
from xmodkit_saxs_sem.metrics import two_point
from xmodkit_saxs_sem.modalities import PIXEL_NM, R_NM
from xmodkit_saxs_sem.pictures.frame import draw_frame
from xmodkit_saxs_sem.pictures.micrograph import draw_scale, montage

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_curves_of", "draw_members"]

Images = NDArray[np.uint8]

_MARGIN, _HEAD, _FOOT = 20, 44, 36
_FRAME: Final = 300
_PLOT: Final = (340, 300)
_ONE: Final = "#b4c3cf"


def draw_members(sample: Sample, images: Images, novel: bool, learned: str = "") -> Image.Image:
    """Draw all images (n, y, x) side by side in their own pixels, about as wide as high.

    `learned` is added to the title: what the model that drew them was trained on.
    """
    columns = ceil(sqrt(len(images)))
    sheet = montage(images, columns, images.shape[-1])
    size = (max(sheet.width, 420) + 2 * _MARGIN, sheet.height + _HEAD + _FOOT)
    title = _joined(f"{len(images)} images that explain {sample.id}", learned)
    picture = _titled(size, title, novel)
    picture.paste(sheet, (_MARGIN, _HEAD))
    draw_scale(picture, (_MARGIN, _HEAD + sheet.height, images.shape[-1] * 2), PIXEL_NM)
    return picture


def draw_curves_of(sample: Sample, images: Images, novel: bool, learned: str = "") -> Image.Image:
    """Draw the frame, S(r) of every image (n, y, x) with their mean, and how it spreads."""
    curves = two_point(images)
    first, second = 2 * _MARGIN + _FRAME + 100, 2 * _MARGIN + _FRAME + _PLOT[0] + 190
    size = (second + _PLOT[0] + _MARGIN, _HEAD + 30 + _PLOT[1] + _FOOT + 24)
    title = _joined(f"S(r) of {len(images)} images that explain {sample.id}", learned)
    picture = _titled(size, title, novel)
    top = _HEAD + 24
    draw_frame(picture, (_MARGIN + 36, top, _FRAME), sample.arrays["saxs"])
    lines = [Line(curve, _ONE, 2) for curve in curves]
    lines.append(Line(curves.mean(axis=0)))
    box = (first, top, first + _PLOT[0], top + _PLOT[1])
    title = "S(r): each image grey, their mean blue"
    draw_curves(picture, box, R_NM, lines, label="r / nm", title=title)
    box = (second, top, second + _PLOT[0], top + _PLOT[1])
    spread = [Line(curves.std(axis=0))]
    title = "standard deviation of S(r) among them"
    draw_curves(picture, box, R_NM, spread, label="r / nm", title=title)
    return picture


def _joined(title: str, learned: str) -> str:
    return f"{title}, {learned}" if learned else title


def _titled(size: tuple[int, int], title: str, novel: bool) -> Image.Image:
    """Return an empty picture with a title, and a badge if the frame is novel."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", size, PAPER)
    draw, letters = ImageDraw.Draw(picture), font(15)
    room = size[0] - 2 * _MARGIN - (90 if novel else 0)
    draw.text((_MARGIN, 22), fit_text(title, letters, room), INK, letters, "lm")
    if novel:
        right = size[0] - _MARGIN
        draw.rounded_rectangle((right - 62, 12, right, 32), 4, ACCENT)
        draw.text((right - 31, 22), "NOVEL", PAPER, font(12), "mm")
    return picture
