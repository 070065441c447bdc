"""Contact sheets hold every card once, in order, whatever their number and size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from xmodkit.errors import DataError, UsageError
from xmodkit.sheet import contact_sheet, fit_text, font, page_count, pages


def cards(count, size=(40, 20)):
    """Cards in colours that occur nowhere else."""
    return [Image.new("RGB", size, (255, index, 0)) for index in range(count)]


def place(sheet, index):
    """Left, top, right and bottom of a card of `cards`."""
    picture = np.asarray(sheet)
    rows, columns = np.nonzero((picture == (255, index, 0)).all(axis=-1))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@settings(deadline=None)
@given(count=st.integers(1, 30), columns=st.none() | st.integers(1, 40))
def test_every_card_is_there_once_in_reading_order(count, columns):
    sheet = contact_sheet(cards(count), columns=columns)
    places = [place(sheet, index) for index in range(count)]
    assert all((right - left, bottom - top) == (40, 20) for left, top, right, bottom in places)
    order = [(top, left) for left, top, _, _ in places]
    assert order == sorted(set(order))
    assert len({left for left, _, _, _ in places}) <= (columns or count)


def test_as_many_cards_stand_in_a_row_as_asked_for():
    sheet = contact_sheet(cards(7), columns=3)
    tops = [place(sheet, index)[1] for index in range(7)]
    assert [tops.count(top) for top in sorted(set(tops))] == [3, 3, 1]


@pytest.mark.parametrize(("count", "size"), [(24, (440, 208)), (24, (100, 200)), (12, (64, 64))])
def test_a_full_sheet_is_about_as_wide_as_a_screen(count, size):
    sheet = contact_sheet(cards(count, size))
    assert 1.0 < sheet.width / sheet.height < 2.0


def test_smaller_cards_are_centred_in_their_cell():
    small = Image.new("RGB", (20, 10), (255, 1, 0))
    sheet = contact_sheet([cards(1)[0], small], columns=1)
    left, top, right, bottom = place(sheet, 0)
    inner = place(sheet, 1)
    assert (inner[0] + inner[2], inner[2] - inner[0]) == (left + right, 20)
    assert inner[3] - inner[1] == 10
    assert inner[1] - bottom == pytest.approx(sheet.height - inner[3] - top, abs=12)


def test_grey_and_transparent_cards_are_taken():
    sheet = contact_sheet([Image.new("L", (9, 9), 7), Image.new("RGBA", (9, 9), "red")])
    assert sheet.mode == "RGB"
    assert {(7, 7, 7), (255, 0, 0)} <= {colour for _, colour in sheet.getcolors(1000)}


def test_title_and_footer_get_room_of_their_own():
    plain = contact_sheet(cards(4), columns=2)
    titled = contact_sheet(cards(4), columns=2, title="uvvis", footer="page 1 of 2")
    assert titled.width == plain.width
    assert titled.height > plain.height
    above = np.asarray(titled)[: place(titled, 0)[1]]
    below = np.asarray(titled)[place(titled, 3)[3] :]
    assert len(np.unique(above.reshape(-1, 3), axis=0)) > 1
    assert len(np.unique(below.reshape(-1, 3), axis=0)) > 1


def test_a_long_title_stays_on_the_sheet():
    sheet = np.asarray(contact_sheet(cards(2), title="a very long title " * 20))
    assert (sheet[:, -20:] == sheet[0, 0]).all()


def test_no_cards_and_no_columns_are_refused():
    with pytest.raises(DataError, match="no cards given"):
        contact_sheet([])
    with pytest.raises(UsageError, match="0 columns given"):
        contact_sheet(cards(2), columns=0)


@settings(deadline=None)
@given(items=st.lists(st.integers(), max_size=80), per_page=st.integers(1, 30))
def test_pages_hold_every_item_once_in_order(items, per_page):
    split = pages(items, per_page)
    assert [item for page in split for item in page] == items
    assert all(len(page) == per_page for page in split[:-1])
    assert all(split)
    assert len(split) == page_count(len(items), per_page)


def test_a_page_holds_24_cards_unless_told():
    assert [len(page) for page in pages(range(50))] == [24, 24, 2]
    assert page_count(0) == 0
    with pytest.raises(UsageError, match="0 cards per page"):
        page_count(5, 0)


@settings(deadline=None)
@given(text=st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=60))
def test_text_fits_and_keeps_its_ends(text):
    letters = font(14)
    short = fit_text(text, letters, 120)
    assert letters.getlength(short) <= 120
    if letters.getlength(text) <= 120:
        assert short == text
    else:
        start, end = short.split("…")
        assert text.startswith(start)
        assert text.endswith(end)
        assert 0 <= len(start) - len(end) <= 1


def test_text_comes_out_on_one_line():
    assert fit_text("two\nlines\tand  more", font(12), 1000) == "two lines and more"


def test_where_nothing_fits_an_ellipsis_stands():
    assert fit_text("word", font(12), 1) == "…"
