"""Draw micrographs and images of the two phases, with their scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import ACCENT, INK, round_ticks
from xmodkit.modality import Array
from xmodkit.sheet import font
from xmodkit_saxs_sem.modalities import FIELD_NM
from xmodkit_saxs_sem.pictures.frame import Place

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["central_field", "draw_micrograph", "draw_scale", "field_box", "montage"]

_GAP: Final = 3
_BAR: Final = 0.35  # of a picture's width: the longest scale bar


def field_box(shape: tuple[int, ...], pixel_nm: float) -> tuple[int, int, int]:
    """Return the top, the left and the side, in pixels, of the 384 nm in a micrograph's middle."""
    side = min(round(FIELD_NM / pixel_nm), *shape)
    return (shape[0] - side) // 2, (shape[1] - side) // 2, side


def central_field(micrograph: Array, pixel_nm: float) -> Array:
    """Return the 384 nm in the middle of a micrograph (y, x): what a model looks at first."""
    top, left, side = field_box(micrograph.shape, pixel_nm)
    return micrograph[top : top + side, left : left + side]


def draw_micrograph(
    card: Image.Image, place: Place, levels: Array, pixel_nm: float, *, marked: bool = False
) -> None:
    """Draw levels uint8 (y, x) into a square of a card, with a scale bar beneath.

    With `marked` the 384 nm in the middle are framed.
    """
    from PIL import Image, ImageDraw

    left, top, size = place
    share = size / max(levels.shape)
    extent = (max(1, round(levels.shape[1] * share)), max(1, round(levels.shape[0] * share)))
    # Enlarged pixels stay square, so that nobody mistakes them for detail.
    way = Image.Resampling.NEAREST if share >= 1 else Image.Resampling.LANCZOS
    picture = Image.fromarray(np.ascontiguousarray(levels)).resize(extent, way)
    left, top = left + (size - extent[0]) // 2, top + (size - extent[1]) // 2
    card.paste(picture, (left, top))
    if marked:
        y, x, side = (share * value for value in field_box(levels.shape, pixel_nm))
        box = (left + x, top + y, left + x + side - 1, top + y + side - 1)
        ImageDraw.Draw(card).rectangle(box, outline=ACCENT, width=2)
    draw_scale(card, (left, top + extent[1], extent[0]), pixel_nm / share)


def draw_scale(card: Image.Image, place: Place, nm_per_pixel: float) -> None:
    """Draw a scale bar of a round length below a picture: its left, bottom and width are given."""
    from PIL import ImageDraw

    left, bottom, width = place
    length = max(round_ticks(0, _BAR * width * nm_per_pixel)[:-1])
    right = left + length / nm_per_pixel
    draw = ImageDraw.Draw(card)
    draw.rectangle((left, bottom + 9, right, bottom + 12), INK)
    draw.text((right + 6, bottom + 11), f"{length:g} nm", INK, font(10), "lm")


def montage(images: Array, columns: int, size: int, ground: str = "#ffffff") -> Image.Image:
    """Return images (n, y, x) side by side in rows of `columns`, each `size` pixels, grey."""
    from PIL import Image

    rows = -(-len(images) // columns)
    extent = (columns * (size + _GAP) - _GAP, rows * (size + _GAP) - _GAP)
    sheet = Image.new("RGB", extent, ground)
    for number, image in enumerate(images):
        small = Image.fromarray(np.ascontiguousarray(image))
        way = Image.Resampling.NEAREST if size % small.width == 0 else Image.Resampling.BOX
        row, column = divmod(number, columns)
        sheet.paste(small.resize((size, size), way), (column * (size + _GAP), row * (size + _GAP)))
    return sheet
