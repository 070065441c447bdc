"""Compose pictures of samples to contact sheets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, log
from typing import TYPE_CHECKING, TypeVar

from xmodkit.errors import DataError, UsageError

if TYPE_CHECKING:
    from PIL import Image, ImageFont

__all__ = ["contact_sheet", "fit_text", "font", "page_count", "pages"]

PAGE = 24  # cards that people take in at a glance, and a divisor of many column counts
SHAPE = 1.4  # width over height aimed at: a screen, or paper on its side
MARGIN, GUTTER = 24, 12
TITLE_SIZE, FOOTER_SIZE = 22, 13
BACKGROUND, INK, FAINT = "#eceff3", "#1b2430", "#5b6675"

T = TypeVar("T")


def contact_sheet(
    cards: Sequence[Image.Image], *, columns: int | None = None, title: str = "", footer: str = ""
) -> Image.Image:
    """Return one RGB picture of all cards, row by row, under a title and above a footer.

    Cards smaller than the largest are centred in their cell. Without `columns` the sheet comes
    out about as wide as a screen. Raise `DataError` without cards, `UsageError` for no columns.
    """
    from PIL import Image, ImageDraw

    if not cards:
        raise DataError("contact sheet: no cards given, at least one expected")
    if columns is not None and columns < 1:
        raise UsageError(f"contact sheet: {columns} columns given, at least 1 expected")
    width = max(card.width for card in cards)
    height = max(card.height for card in cards)
    across = min(columns or _columns(len(cards), width / height), len(cards))
    down = ceil(len(cards) / across)
    head = TITLE_SIZE + MARGIN if title else 0
    foot = FOOTER_SIZE + MARGIN // 2 if footer else 0
    body = (across * (width + GUTTER) - GUTTER, down * (height + GUTTER) - GUTTER)
    size = (body[0] + 2 * MARGIN, body[1] + 2 * MARGIN + head + foot)
    sheet = Image.new("RGB", size, BACKGROUND)
    for index, card in enumerate(cards):
        left = MARGIN + index % across * (width + GUTTER) + (width - card.width) // 2
        top = MARGIN + head + index // across * (height + GUTTER) + (height - card.height) // 2
        sheet.paste(card, (left, top))
    draw = ImageDraw.Draw(sheet)
    for text, points, colour, y, anchor in (
        (title, TITLE_SIZE, INK, MARGIN, "lt"),
        (footer, FOOTER_SIZE, FAINT, size[1] - MARGIN, "lb"),
    ):
        letters = font(points)
        draw.text((MARGIN, y), fit_text(text, letters, body[0]), colour, letters, anchor)
    return sheet


def page_count(items: int, per_page: int = PAGE) -> int:
    """Return how many pages hold `items`."""
    if per_page < 1:
        raise UsageError(f"contact sheet: {per_page} cards per page given, at least 1 expected")
    return ceil(items / per_page)


def pages(items: Sequence[T], per_page: int = PAGE) -> list[Sequence[T]]:
    """Split items into pages, the last one as short as it comes."""
    count = page_count(len(items), per_page)
    return [items[page * per_page : (page + 1) * per_page] for page in range(count)]


@lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that Pillow brings along, `size` pixels high."""
    from PIL import ImageFont

    return ImageFont.load_default(size)


def fit_text(text: str, letters: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """Return `text` on one line, its middle left out if it is wider than `width` pixels.

    The ends stay: file names begin and end alike less often than they agree in the middle.
    """
    text = " ".join(text.split())
    if letters.getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 0, -1):
        short = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
        if letters.getlength(short) <= width:
            return short
    return "…"


def _columns(cards: int, shape: float) -> int:
    """Return the number of columns that comes nearest to the page's shape."""
    return min(
        range(1, cards + 1),
        key=lambda columns: abs(log(columns * shape / ceil(cards / columns) / SHAPE)),
    )
