"""What would be read from a file: a frame with its rings of q, or a micrograph without info bar."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import FAINT, FRAME, INK, PAPER, round_ticks
from xmodkit.errors import InputError
from xmodkit.modality import Arrays
from xmodkit.pair import Failure, Sample
from xmodkit.sheet import PAGE, contact_sheet, fit_text, font
from xmodkit_saxs_sem.frames import has_q, magnitude, upright
from xmodkit_saxs_sem.pictures.frame import draw_frame
from xmodkit_saxs_sem.pictures.micrograph import draw_micrograph

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_preview"]

SIZE: Final = (480, 520)
_PLACE: Final = (52, 36, 400)  # left, top, size of the picture
_RINGS: Final = 8  # about as many
_RING: Final = "#9fe3ff"
_SIDE: Final = 0.5**0.5  # of a ring at 45 degrees, in its radius


def draw_preview(found: Iterable[Sample | Failure]) -> Image.Image:
    """Draw the samples of one file, up to a page of them.

    Raise `InputError` with the first failure if none of the first can be read.
    """
    first = list(islice(found, PAGE))
    cards = [_card(sample) for sample in first if isinstance(sample, Sample)]
    if not cards:
        errors = [failure.error for failure in first if isinstance(failure, Failure)]
        raise InputError(errors[0] if errors else "nothing to preview")
    return cards[0] if len(cards) == 1 else contact_sheet(cards)


def _card(sample: Sample) -> Image.Image:
    from PIL import Image, ImageDraw

    card = Image.new("RGB", SIZE, PAPER)
    draw, letters, small = ImageDraw.Draw(card), font(14), font(12)
    draw.rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), outline=FRAME)
    draw.text((14, 18), fit_text(sample.id, letters, SIZE[0] - 28), INK, letters, "lm")
    if "saxs" in sample.arrays:
        frame = sample.arrays["saxs"]
        box = draw_frame(card, _PLACE, frame)
        if has_q(frame):
            _draw_rings(card, box, frame)
        lines = [_said_frame(frame)]
    else:
        sem = sample.arrays["sem"]
        pixel = float(sem["pixel_nm"])
        draw_micrograph(card, _PLACE, sem["micrograph"], pixel, marked=True)
        rows, columns = sem["micrograph"].shape
        lines = [f"{columns} x {rows} pixels of {pixel:.3g} nm; framed: the 384 nm in the middle"]
    lines += sample.notices
    for number, line in enumerate(lines[:3]):
        text = fit_text(line, small, SIZE[0] - 28)
        draw.text((14, SIZE[1] - 46 + 15 * number), text, FAINT, small, "lm")
    return card


def _said_frame(frame: Arrays) -> str:
    """Return in words what is known of a frame: its size, its q, the share that was measured."""
    rows, columns = frame["intensity"].shape
    known = frame["mask"] != 0
    q = magnitude(frame)[known]
    said = f"q {q.min():.2g} to {q.max():.2g} 1/nm" if has_q(frame) and q.size else "q not known"
    return f"{columns} x {rows} pixels, {known.mean():.1%} measured (grey: not); {said}"


def _draw_rings(card: Image.Image, box: tuple[int, int, int, int], frame: Arrays) -> None:
    """Draw rings of round q over a frame's picture, which lies in `box` of the card."""
    from PIL import Image, ImageDraw

    left, top, width, height = box
    turned = upright(frame)
    rows, columns = turned["intensity"].shape
    down = np.arange(height) * rows // height
    right = np.arange(width) * columns // width
    qx, qy = (turned[name][np.ix_(down, right)].astype(float) for name in ("qx", "qy"))
    q = np.hypot(qx, qy)
    rings = round_ticks(0, float(q.max()), _RINGS)[1:-1]
    within = np.digitize(q, rings)
    edges = np.zeros(q.shape, np.uint8)
    edges[1:] |= within[1:] != within[:-1]
    edges[:, 1:] |= within[:, 1:] != within[:, :-1]
    card.paste(_RING, (left, top), Image.fromarray(edges * 160))
    draw = ImageDraw.Draw(card)
    for ring in rings:  # named towards the lower right, or as near as it is seen
        y, x = np.unravel_index(np.argmin(np.hypot(qx - ring * _SIDE, qy + ring * _SIDE)), q.shape)
        if abs(q[y, x] - ring) < 0.1 * ring:
            draw.text((left + int(x), top + int(y)), f"{ring:.3g}", _RING, font(12), "mm",
                      stroke_width=2, stroke_fill="#000000")  # fmt: skip
