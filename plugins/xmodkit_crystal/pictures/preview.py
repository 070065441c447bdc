"""What would be read from a file: its structures, their formulas, space groups and cells."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final

from xmodkit.errors import InputError
from xmodkit.pair import Failure, Sample
from xmodkit.sheet import PAGE, contact_sheet
from xmodkit_crystal.pictures.card_frame import MARGIN, framed_card
from xmodkit_crystal.pictures.panel import PANEL, PANEL_FOOT, draw_panel, write_name
from xmodkit_crystal.reading.arrays import to_crystal

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_preview"]

_NAME: Final = 48  # height of formula and space group
_TOP: Final = 36


def draw_preview(found: Iterable[Sample | Failure]) -> Image.Image:
    """Draw the crystals of one file, up to a page of them.

    Raise `InputError` with the first failure if none of the first can be read.
    """
    first = list(islice(found, PAGE))
    cards = [_card(sample) for sample in first if isinstance(sample, Sample)]
    if not cards:
        errors = [failure.error for failure in first if isinstance(failure, Failure)]
        raise InputError(errors[0] if errors else "nothing to preview")
    return cards[0] if len(cards) == 1 else contact_sheet(cards)


def _card(sample: Sample) -> Image.Image:
    crystal = to_crystal(sample.arrays["crystal"])
    height = _TOP + _NAME + PANEL[1] + PANEL_FOOT
    card = framed_card(PANEL[0] + 2 * MARGIN, sample.id, height=height)
    write_name(card, (MARGIN, _TOP + 14), crystal)
    draw_panel(card, (MARGIN, _TOP + _NAME), crystal)
    return card
