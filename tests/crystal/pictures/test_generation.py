"""The sheet of a generation shows its best crystals, and what is wrong with those that are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xmodkit.curveplot import ACCENT
from xmodkit.sheet import FAINT, TITLE_SIZE, font
from xmodkit.sheet import MARGIN as SHEET_MARGIN
from xmodkit_crystal.chemistry.table import row
from xmodkit_crystal.pictures import generation as module
from xmodkit_crystal.pictures.generation import draw_best
from xmodkit_crystal.structure import Crystal

pytest.importorskip("pymatgen")


def test_a_sheet_holds_a_page_of_cards(rocksalt: Crystal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PAGE", 2)
    rows = [row(f"00{i}-VO", rocksalt) for i in range(1, 4)]
    pictures = [draw_best(rows[:n], [rocksalt] * n, "made up") for n in (1, 2, 3)]
    assert pictures[0].width < pictures[1].width == pictures[2].width


def test_what_is_wrong_with_a_crystal_stands_in_vermilion(rocksalt: Crystal, pixels: Callable):
    squeezed = Crystal(rocksalt.numbers, rocksalt.fractional, 0.5 * rocksalt.cell)
    good, bad = (
        draw_best([row("001-VO", one, stability=0.5, novelty=1.0)], [one], "made up")
        for one in (rocksalt, squeezed)
    )
    assert pixels(good, ACCENT) == 0
    assert pixels(bad, ACCENT) > 0


def test_a_title_fits_one_card_and_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch):
    titles = [module._title(shown, every) for shown, every in ((1, 1), (8, 8), (24, 30))]
    assert titles == [
        "1 generated crystal",
        "8 generated crystals",
        "The first 24 of 30 generated crystals",
    ]
    width = module.PANEL[0] + 2 * module.MARGIN
    assert font(TITLE_SIZE).getlength(titles[0]) < width


def test_a_footer_is_wrapped_so_that_all_of_it_is_read(rocksalt: Crystal, pixels: Callable):
    """One card is narrow: the sentences below take more lines there, none of them cut."""
    said = "from random latents, 12 drawn, 4 different ones pass the rules"
    one, three = (draw_best([row("001-VO", rocksalt)] * n, [rocksalt] * n, said) for n in (1, 3))
    assert one.height > three.height
    for sheet in (one, three):
        right, bottom = sheet.width - SHEET_MARGIN + 1, sheet.height
        assert pixels(sheet, FAINT, (SHEET_MARGIN, bottom - 60, right, bottom)) > 0
        margin = sheet.crop((right, bottom - 60, sheet.width, bottom))
        assert margin.getcolors() == [(margin.width * margin.height, (0xEC, 0xEF, 0xF3))]


def test_facts_say_what_is_known_alone(rocksalt: Crystal):
    bare = dict(module._facts(row("001-VO", rocksalt)))
    assert bare == {"shortest": "O-V 2.05 A", "nearest known": "none matches"}
    known = row(
        "001-VO",
        rocksalt,
        stability=0.5,
        novelty=1.5,
        nearest="VO",
        nearest_rms=0.01,
        share=0.3,
    )
    assert dict(module._facts(known)) == {
        "share": "0.30 of the way",
        "stability": "0.50",
        "novelty": "1.500",
        "shortest": "O-V 2.05 A",
        "nearest known": "VO, rms 0.010",
    }
