"""Draw numbers: a latent vector as a strip of bars, and a probability on a scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from xmodkit.curveplot import ACCENT, BAND, CURVE, FAINT, FINE, GRID, INK, PAPER
from xmodkit.prediction import Value
from xmodkit.sheet import font
from xmodkit.structures.elements import symbol
from xmodkit.text import scalar_text
from xmodkit_crystal.latent import parted

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_latent", "draw_probability"]

Box = tuple[int, int, int, int]

_TRACK: Final = 8  # pixels


def draw_latent(card: Image.Image, box: Box, latent: NDArray[np.floating]) -> None:
    """Draw a latent vector as bars from zero, up in blue and down in vermilion.

    `box` is left, top, right and bottom in pixels. The elements that end the vector are named
    beneath instead; zeros that end it, of slots that are not used, are left out and counted.
    """
    from PIL import Image, ImageDraw

    whole, species = parted(latent)
    z = np.trim_zeros(whole, "b") if whole.any() else whole
    left, top, right, bottom = box
    width, height = (right - left) * FINE, (bottom - top) * FINE
    most = float(np.abs(z).max(initial=0)) or 1.0
    fine = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(fine)
    step = width / max(z.size, 1)
    for number, value in enumerate(z.tolist()):
        ends = sorted((height / 2, height / 2 * (1 - value / most)))
        start, stop = number * step, (number + 1) * step - min(step / 5, FINE)
        draw.rectangle((start, ends[0], stop, ends[1]), CURVE if value > 0 else ACCENT)
    card.paste(fine.reduce(FINE), (left, top))
    draw, small = ImageDraw.Draw(card), font(10)
    middle = (top + bottom) / 2
    draw.line((left, middle, right, middle), FAINT)
    draw.line((left - 1, top, left - 1, bottom), FAINT)
    for tick, y in ((most, top), (0.0, middle), (-most, bottom)):
        draw.line((left - 4, y, left - 1, y), FAINT)
        draw.text((left - 7, y), f"{tick:.2g}", INK, small, "rm")
    rest = f"; the other {whole.size - z.size:,} are 0" if z.size < whole.size else ""
    draw.text((left, top - 8), f"latent vector, {z.size:,} components{rest}", FAINT, small, "ls")
    if species:
        said = ", ".join(symbol(number) for number in species)
        draw.text((left, bottom + 12), f"and the elements {said}", FAINT, small, "lm")


def draw_probability(
    card: Image.Image, place: tuple[int, int, int], name: str, value: Value
) -> None:
    """Draw a probability, with its bounds if there are any, on a scale from 0 to 1.

    `place` is left, middle of the text, and right, where the number ends after the name.
    """
    from PIL import ImageDraw

    draw, letters, small = ImageDraw.Draw(card), font(12), font(10)
    left, middle, right = place
    ends = [None if end is None else float(end) for end in (value.lower, value.upper)]
    draw.text((left, middle), name, FAINT, letters, "lm")
    said = scalar_text(float(value.value), ends[0], ends[1])
    draw.text((right, middle), said, INK, letters, "rm")
    top, bottom = middle + 12, middle + 12 + _TRACK
    reach = right - left
    draw.rectangle((left, top, right, bottom), GRID)
    lower, upper = ends
    if lower is not None and upper is not None and np.isfinite([lower, upper]).all():
        low, high = np.clip([lower, upper], 0, 1) * reach + left
        draw.rectangle((low, top, high, bottom), BAND)
    if np.isfinite(value.value):
        x = left + float(np.clip(value.value, 0, 1)) * reach
        draw.rectangle((x - 1, top - 2, x + 1, bottom + 2), CURVE)
    for tick, anchor in (("0", "lt"), ("0.5", "mt"), ("1", "rt")):
        draw.text((left + float(tick) * reach, bottom + 4), tick, FAINT, small, anchor)
