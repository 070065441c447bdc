"""Write the pictures of a finished study into its folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path

from xmodkit.errors import MissingExtraError
from xmodkit.sheet import font
from xmodkit_xes.study.descriptor import Descriptor
from xmodkit_xes.study.figures import draw_basis, draw_covered, draw_scores, draw_sensitivity
from xmodkit_xes.study.fits import Fit
from xmodkit_xes.study.methods import EMULATOR
from xmodkit_xes.study.rows import Floats
from xmodkit_xes.study.table import Line

__all__ = ["captioned", "write_pictures"]

_SHOWN = ("EDNN", "NNCA", "ECA")  # of which scores and sensitivities are drawn, at their k


def write_pictures(
    folder: Path,
    fits: Sequence[Fit],
    lines: Sequence[Line],
    described: Descriptor,
    ordered: Mapping[str, Floats],
    relative: bool,
    caption: str,
) -> list[str]:
    """Write `covered.png`, `basis-*.png`, `sensitivity.png` and `scores.png`; return notices.

    Each bears the caption: what its figures rest on. Without matplotlib there are none, and the
    one notice says so.
    """
    try:
        for name, picture in _pictures(fits, lines, described, ordered, relative):
            (folder / f"{name}.png").write_bytes(captioned(picture, caption))
    except MissingExtraError as error:
        return [f"no pictures: {error}"]
    return []


def captioned(picture: bytes, text: str) -> bytes:
    """Return a PNG with a line of text below it."""
    from PIL import Image, ImageDraw

    drawn = Image.open(BytesIO(picture)).convert("RGB")
    out = Image.new("RGB", (drawn.width, drawn.height + 36), "white")
    out.paste(drawn)
    ImageDraw.Draw(out).text((16, drawn.height + 16), text, "#5b6675", font(20), "lm")
    held = BytesIO()
    out.save(held, "PNG")
    return held.getvalue()


def _pictures(
    fits: Sequence[Fit],
    lines: Sequence[Line],
    described: Descriptor,
    ordered: Mapping[str, Floats],
    relative: bool,
) -> Iterator[tuple[str, bytes]]:
    yield "covered", draw_covered(lines)
    ks = sorted({fit.k for fit in fits if fit.k})
    for fit in fits:
        # All vectors of the largest k: those of ECA and PLS hold the smaller ones.
        if fit.k == ks[-1] and fit.basis.size:
            yield f"basis-{fit.method.lower()}", draw_basis(fit, described)
    few = ks[min(1, len(ks) - 1)]  # the second number of components, of which two scores are drawn
    shown = [fit for fit in fits if fit.method in _SHOWN and fit.k == few]
    whole = [fit for fit in fits if fit.method == EMULATOR]
    yield "sensitivity", draw_sensitivity([*whole, *shown], described, relative)
    yield "scores", draw_scores(shown, ordered)
