"""Formulas and symbols of space groups as they are printed: small figures, bars above."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from xmodkit.sheet import font
from xmodkit_crystal.chemistry.contacts import is_nonmetal

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["by_formula", "draw_formula", "draw_space_group"]

_Kind = Literal["plain", "low", "barred"]
_Pieces = Iterator[tuple[str, _Kind]]

_SMALL: Final = 0.72
_FORMULA: Final = re.compile(r"(\d+)|(\D+)")
_GROUP: Final = re.compile(r"_(\d)|-(\d)|([^_-]+)")


def by_formula(numbers: NDArray[np.int64]) -> list[int]:
    """Return the elements that occur in the order of formulas: metals first."""
    return sorted(
        Counter(numbers.tolist()), key=lambda number: (bool(is_nonmetal(np.array(number))), number)
    )


def draw_formula(
    card: Image.Image, place: tuple[float, float], formula: str, size: int, colour: str
) -> float:
    """Write `V2O3` with its figures lowered; return where it ends. `place` is left and middle."""
    pieces = ((low or plain, _kind(low)) for low, plain in _FORMULA.findall(formula))
    return _draw(card, place, pieces, size, colour)


def draw_space_group(
    card: Image.Image, place: tuple[float, float], symbol: str, size: int, colour: str
) -> float:
    """Write `P4_2/mnm` with its screw axis lowered, `R-3c` with a bar; return where it ends."""
    pieces: _Pieces = (
        (low or barred or plain, "barred" if barred else _kind(low))
        for low, barred, plain in _GROUP.findall(symbol)
    )
    return _draw(card, place, pieces, size, colour)


def _kind(low: str) -> _Kind:
    return "low" if low else "plain"


def _draw(
    card: Image.Image, place: tuple[float, float], pieces: _Pieces, size: int, colour: str
) -> float:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(card)
    left, middle = place
    for text, kind in pieces:
        letters = font(round(_SMALL * size) if kind == "low" else size)
        drop = 0.26 * size if kind == "low" else 0
        draw.text((left, middle + drop), text, colour, letters, "lm")
        end = left + letters.getlength(text)
        if kind == "barred":
            top = middle - 0.55 * size
            draw.line((left, top, end - 1, top), colour)
        left = end
    return left
