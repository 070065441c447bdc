"""A sample's files have its name, and never stand over another sample's."""

from __future__ import annotations

from pathlib import Path

from xmodkit.pair import Sample
from xmodkit.places import own_place, own_stem, said_source


def test_a_name_becomes_one_that_any_system_takes(tmp_path: Path):
    assert own_stem(tmp_path, "../a b:c", ".txt", lambda path: False) == "_a_b_c"
    assert own_stem(tmp_path, "...", ".txt", lambda path: False) == "sample"


def test_files_of_another_sample_stay_and_those_of_an_earlier_run_are_replaced(tmp_path: Path):
    first = own_place(tmp_path, "film", ".txt", lambda text: text == "mine")
    first.write_text("mine", "utf-8")
    assert own_place(tmp_path, "film", ".txt", lambda text: text == "mine") == first
    other = own_place(tmp_path, "film", ".txt", lambda text: text == "another's")
    assert other.name == "film-2.txt"


def test_where_a_sample_came_from_is_one_line_of_ascii():
    sample = Sample("a", {}, source="Möbius\nfilms.h5", ordinal=3)
    assert said_source(sample) == "M?bius films.h5 #3"
