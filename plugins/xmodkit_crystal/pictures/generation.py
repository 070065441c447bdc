"""Draw the best of what was generated: each crystal with what the table says of it."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from xmodkit.curveplot import ACCENT, INK
from xmodkit.sheet import PAGE, contact_sheet, font
from xmodkit.text import number_text
from xmodkit_crystal.chemistry.table import Row
from xmodkit_crystal.pictures.card_frame import MARGIN, Fact, framed_card, write_facts
from xmodkit_crystal.pictures.panel import PANEL, PANEL_FOOT, draw_panel, write_name
from xmodkit_crystal.structure import Crystal

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_best"]

_NAME: Final = 48  # height of formula and space group
_TOP: Final = 36
_FACTS: Final = 121
_LETTERS: Final = 40  # of a line


def draw_best(rows: Sequence[Row], crystals: Sequence[Crystal], said: str) -> Image.Image:
    """Draw the first crystals, up to a page of them, in the order of the table.

    `said` is where they come from.
    """
    cards = [_card(row, crystal) for row, crystal in zip(rows[:PAGE], crystals[:PAGE], strict=True)]
    title = f"The best {len(cards)} of {len(rows)} generated crystals"
    return contact_sheet(cards, title=title, footer=said)


def _card(row: Row, crystal: Crystal) -> Image.Image:
    from PIL import ImageDraw

    height = _TOP + _NAME + PANEL[1] + PANEL_FOOT + _FACTS
    card = framed_card(PANEL[0] + 2 * MARGIN, row.name, height=height)
    write_name(card, (MARGIN, _TOP + 14), crystal)
    draw_panel(card, (MARGIN, _TOP + _NAME), crystal)
    place = (MARGIN + 4, _TOP + _NAME + PANEL[1] + PANEL_FOOT + 8)
    bottom = write_facts(card, place, _facts(row), PANEL[0])
    draw, letters = ImageDraw.Draw(card), font(12)
    reasons = row.validity.reasons
    said = wrap(reasons[0] if reasons else "valid", _LETTERS, max_lines=3, placeholder=" ...")
    for number, line in enumerate(said):
        where = (place[0], bottom + 15 * number)
        draw.text(where, line, ACCENT if reasons else INK, letters, "lm")
    return card


def _facts(row: Row) -> list[Fact]:
    """Return what the model and a search among known crystals say of one."""
    facts = [] if row.stability is None else [("stability", f"{row.stability:.2f}")]
    if row.novelty is not None:
        facts.append(("novelty", number_text(row.novelty)))
    pair, apart = min(row.distances.items(), key=lambda item: item[1])
    nearest = "none matches"
    if row.nearest is not None and row.nearest_rms is not None:
        nearest = f"{row.nearest}, rms {row.nearest_rms:.3f}"
    return [*facts, ("shortest", f"{pair} {apart:.2f} A"), ("nearest known", nearest)]
