"""Draw the best of what was generated: each crystal with what the table says of it."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from xmodkit.curveplot import ACCENT, INK
from xmodkit.sheet import BACKGROUND, FAINT, FOOTER_SIZE, PAGE, contact_sheet, font
from xmodkit.sheet import MARGIN as SHEET_MARGIN
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
_FACT: Final = 16  # height of one more
_LETTERS: Final = 40  # of a line
_LINE: Final = 18  # of the footer
_RANKED: Final = (
    "In order: those that pass the rules first, then by stability where the model states it, then "
    "those most like what it learned from."
)


def draw_best(rows: Sequence[Row], crystals: Sequence[Crystal], said: str) -> Image.Image:
    """Draw the first crystals, up to a page of them, in the order of the table.

    `said` is where they come from. Below, it is said how they are ranked.
    """
    cards = [_card(row, crystal) for row, crystal in zip(rows[:PAGE], crystals[:PAGE], strict=True)]
    return _with_footer(contact_sheet(cards, title=_title(len(cards), len(rows))), [said, _RANKED])


def _title(shown: int, every: int) -> str:
    """Return a title that one card is wide enough for, where there is but one."""
    if shown < every:
        return f"The first {shown} of {every} generated crystals"
    return f"{every} generated crystal{'s' if every > 1 else ''}"


def _with_footer(sheet: Image.Image, said: Sequence[str]) -> Image.Image:
    """Return a sheet with sentences below, on as many lines as its width takes."""
    from PIL import Image, ImageDraw

    letters, room = font(FOOTER_SIZE), sheet.width - 2 * SHEET_MARGIN
    letter = letters.getlength("".join(said)) / len("".join(said))
    lines = [line for one in said for line in wrap(one, int(0.95 * room / letter))]
    out = Image.new("RGB", (sheet.width, sheet.height + _LINE * len(lines)), BACKGROUND)
    out.paste(sheet, (0, 0))
    draw = ImageDraw.Draw(out)
    for number, line in enumerate(lines):
        place = (SHEET_MARGIN, sheet.height - SHEET_MARGIN // 2 + _LINE * number)
        draw.text(place, line, FAINT, letters, "lt")
    return out


def _card(row: Row, crystal: Crystal) -> Image.Image:
    from PIL import ImageDraw

    height = _TOP + _NAME + PANEL[1] + PANEL_FOOT + _FACTS
    height += _FACT if row.share is not None else 0
    card = framed_card(PANEL[0] + 2 * MARGIN, row.name, height=height)
    write_name(card, (MARGIN, _TOP + 14), crystal)
    draw_panel(card, (MARGIN, _TOP + _NAME), crystal)
    place = (MARGIN + 4, _TOP + _NAME + PANEL[1] + PANEL_FOOT + 8)
    bottom = write_facts(card, place, _facts(row), PANEL[0])
    draw, letters = ImageDraw.Draw(card), font(12)
    reasons = row.validity.reasons
    said = reasons[0] if reasons else "passes the rules"
    lines = wrap(said, _LETTERS, max_lines=3, placeholder=" ...")
    for number, line in enumerate(lines):
        where = (place[0], bottom + 15 * number)
        draw.text(where, line, ACCENT if reasons else INK, letters, "lm")
    return card


def _facts(row: Row) -> list[Fact]:
    """Return where one was generated, and what the model and a search among known ones say."""
    facts = [] if row.share is None else [("share", f"{row.share:.2f} of the way")]
    if row.stability is not None:
        facts.append(("stability", f"{row.stability:.2f}"))
    if row.novelty is not None:
        facts.append(("novelty", number_text(row.novelty)))
    pair, apart = min(row.distances.items(), key=lambda item: item[1])
    nearest = "none matches"
    if row.nearest is not None and row.nearest_rms is not None:
        nearest = f"{row.nearest}, rms {row.nearest_rms:.3f}"
    return [*facts, ("shortest", f"{pair} {apart:.2f} A"), ("nearest known", nearest)]
