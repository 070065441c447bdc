"""Draw scattering frames: logarithmic, in perceptually even colours, what is masked grey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from xmodkit.curveplot import FAINT, INK, inner_ticks
from xmodkit.modality import Array, Arrays
from xmodkit.sheet import font
from xmodkit_saxs_sem.frames import has_q, logs, reduced, upright

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["MASKED", "Box", "Place", "colours", "draw_frame", "log_range", "paint_frame"]

Place = tuple[int, int, int]  # left, top, size in pixels of a card
Box = tuple[int, int, int, int]  # left, top, width, height

MASKED: Final = (154, 163, 174)
# From black over violet and orange to pale yellow: lightness grows evenly along it, so that
# equal steps of the value look equal, in print too.
_RAMP: Final = np.array(
    [(0, 0, 4), (61, 9, 101), (130, 37, 103), (203, 65, 73), (246, 125, 21), (247, 208, 60),
     (252, 255, 164)]
)  # fmt: skip
_SHARES: Final = (1.0, 99.9)  # percentiles between which the colours are spread


def colours(shares: Array) -> NDArray[np.uint8]:
    """Return the colours (..., 3) of values between 0, dark, and 1, pale."""
    places = np.clip(shares, 0, 1) * (len(_RAMP) - 1)
    steps = np.arange(len(_RAMP))
    channels = [np.interp(places, steps, _RAMP[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def log_range(frame: Arrays) -> tuple[float, float]:
    """Return the range of log10 intensity to spread colours over; 0 to 1 if nothing is seen."""
    found = logs(frame["intensity"])
    seen = found[np.isfinite(found) & (frame["mask"] != 0)]
    if not len(seen):
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(seen, _SHARES))
    return (low, high) if high - low > 1e-3 else (low - 0.5, high + 0.5)


def paint_frame(frame: Arrays, size: int, span: tuple[float, float] | None = None) -> Image.Image:
    """Return an upright frame as an RGB picture that just fits into a square of `size` pixels.

    Colours are spread over `span` of log10 intensity, by default over the frame's own.
    """
    from PIL import Image

    small = reduced(frame, size)
    low, high = span or log_range(small)
    painted = colours((np.maximum(logs(small["intensity"]), low) - low) / (high - low))
    painted[small["mask"] == 0] = MASKED
    rows, columns = frame["intensity"].shape
    share = size / max(rows, columns)
    extent = (max(1, round(share * columns)), max(1, round(share * rows)))
    return Image.fromarray(painted).resize(extent, Image.Resampling.NEAREST)


def draw_frame(
    card: Image.Image, place: Place, frame: Arrays, span: tuple[float, float] | None = None
) -> Box:
    """Draw a frame into a square of a card, qy up and qx to the right, with ticks in 1/nm.

    Return where its picture lies.
    """
    from PIL import ImageDraw

    turned = upright(frame)
    picture = paint_frame(turned, place[2], span)
    left = place[0] + (place[2] - picture.width) // 2
    top = place[1] + (place[2] - picture.height) // 2
    card.paste(picture, (left, top))
    box = (left, top, picture.width, picture.height)
    draw, small = ImageDraw.Draw(card), font(10)
    bottom = top + picture.height
    if not has_q(frame):
        draw.text((place[0] + place[2] / 2, bottom + 7), "q not known", FAINT, small, "mt")
        return box
    for value, x in _ticks(turned["qx"].mean(axis=0, dtype=float), picture.width):
        draw.line((left + x, bottom, left + x, bottom + 3), FAINT)
        draw.text((left + x, bottom + 6), f"{value:.3g}", INK, small, "mt")
    for value, y in _ticks(turned["qy"].mean(axis=1, dtype=float)[::-1], picture.height):
        draw.line((left - 4, bottom - y, left - 1, bottom - y), FAINT)
        draw.text((left - 6, bottom - y), f"{value:.3g}", INK, small, "rm")
    draw.text((left + picture.width, bottom + 17), "1/nm", FAINT, small, "rt")
    return box


def _ticks(q: NDArray[np.float64], length: int) -> list[tuple[float, float]]:
    """Return round values of an ascending q axis, and how many pixels from its start they lie."""
    places = (np.arange(len(q)) + 0.5) / len(q) * length
    return [(tick, float(np.interp(tick, q, places))) for tick in inner_ticks(q[0], q[-1])]
