"""Colours of elements, as chemists know them."""

from __future__ import annotations

from functools import cache

from xmodkit.errors import MissingExtraError

__all__ = ["Colour", "element_colour"]

Colour = tuple[int, int, int]


@cache
def element_colour(number: int) -> Colour:
    """Return the colour of an element, as Jmol has it; raise `MissingExtraError` without ASE."""
    try:
        from ase.data.colors import jmol_colors
    except ImportError as error:
        raise MissingExtraError("colours of elements", "ase", "crystal") from error
    known = jmol_colors[min(number, len(jmol_colors) - 1)]
    red, green, blue = (round(255 * float(share)) for share in known)
    return red, green, blue
