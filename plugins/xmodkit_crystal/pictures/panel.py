"""A crystal on a card: the picture, its legend and its cell; and its formula and space group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.curveplot import FAINT, GRID, INK
from xmodkit.sheet import font
from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.chemistry.symmetry import space_group
from xmodkit_crystal.pictures.structure import cell_texts, draw_legend, draw_structure
from xmodkit_crystal.pictures.symbols import draw_formula, draw_space_group
from xmodkit_crystal.structure import Crystal

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["PANEL", "PANEL_FOOT", "draw_panel", "write_name"]

PANEL: Final = (236, 206)  # of the picture of a structure
PANEL_FOOT: Final = 62  # below it: legend and cell


def draw_panel(card: Image.Image, place: tuple[int, int], crystal: Crystal | None) -> None:
    """Draw a crystal with its legend and its cell beneath; `place` is left and top.

    None: nothing could be decoded, and the panel says so.
    """
    from PIL import ImageDraw

    left, top = place
    draw, small = ImageDraw.Draw(card), font(12)
    if crystal is None or not len(crystal) or not np.isfinite(crystal.cell).all():
        box = (left, top, left + PANEL[0], top + PANEL[1])
        draw.rectangle(box, outline=GRID)
        middle = (left + PANEL[0] / 2, top + PANEL[1] / 2)
        draw.text(middle, "no crystal in the decoded images", FAINT, small, "mm")
        return
    card.paste(draw_structure(crystal, PANEL), place)
    bottom = top + PANEL[1]
    draw_legend(card, (left + 4, bottom + 12), crystal)
    for number, text in enumerate(cell_texts(crystal)):
        draw.text((left + 4, bottom + 32 + 15 * number), text, FAINT, small, "lm")


def write_name(
    card: Image.Image, place: tuple[int, int], crystal: Crystal, *, symmetry: bool = True
) -> None:
    """Write formula and space group in large letters, atoms and volume beneath.

    Without `symmetry` the space group is left out.
    """
    from PIL import ImageDraw

    left, middle = place
    draw, small = ImageDraw.Draw(card), font(12)
    end = draw_formula(card, (left, middle), reduced_formula(crystal.numbers), 17, INK)
    if symmetry:
        group = space_group(crystal)
        end = draw_space_group(card, (end + 16, middle), group.symbol, 15, INK)
        draw.text((end + 8, middle), f"no. {group.number}", FAINT, small, "lm")
    share = crystal.volume / len(crystal)
    said = f"{len(crystal)} atoms, {crystal.volume:.1f} A^3, {share:.1f} per atom"
    draw.text((left, middle + 21), said, FAINT, small, "lm")
