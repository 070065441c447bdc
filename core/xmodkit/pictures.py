"""Collect the cards of the first samples and lay them out on contact sheets.

Cards are files, so that a resumed run adds to the sheet of the run it resumes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xmodkit.replacing import replacing
from xmodkit.sheet import contact_sheet, pages

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Cards"]


class Cards:
    """Cards of the first `limit` samples, saved one by one, composed to sheets at the end."""

    def __init__(self, folder: Path, limit: int, start: int = 0) -> None:
        self.folder = folder
        self.limit = limit
        self._next = start

    @property
    def wanted(self) -> bool:
        """Whether another card is wanted."""
        return self._next < self.limit

    def add(self, card: Image.Image | None) -> None:
        """Save one sample's card (None: the pair draws none)."""
        if card is not None:
            path = self._card(self._next)
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as partial:  # a killed run must leave no half picture behind
                card.save(partial, "PNG")
        self._next += 1

    def finish(self, title: str) -> list[Path]:
        """Compose the sheets and return their paths."""
        from PIL import Image

        paths = sorted((self.folder / "cards").glob("*.png"))
        sheets = []
        for number, page in enumerate(pages(paths), 1):
            cards = []
            for path in page:
                with Image.open(path) as card:
                    cards.append(card.convert("RGB"))
            sheet = self.folder / f"sheet-{number}.png"
            contact_sheet(cards, title=title).save(sheet)
            sheets.append(sheet)
        return sheets

    def _card(self, index: int) -> Path:
        return self.folder / "cards" / f"{index:06d}.png"
