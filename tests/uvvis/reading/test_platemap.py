"""Plate maps name the samples of cells; a line that cannot be meant is named."""

import pytest

from xmodkit.errors import InputError
from xmodkit_uvvis.reading.platemap import read_plate_map


@pytest.fixture
def write(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "map.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize(
    "text",
    [
        "row,col,sample_id\n1,1,Fe1\n2,3,Bi7\n",
        "Sample ID;Row;Column\nFe1;1;1\nBi7;2;3\n",
        "cell,name\nA1,Fe1\nB3,Bi7\n",
        "well\tsample\na1\tFe1\nb03\tBi7\n",
        "Position,Label\nr1c1,Fe1\nR2C3,Bi7\n",
        "row,column,id\nA,1,Fe1\nB,3,Bi7\n\n",
    ],
)
def test_headers_and_cells_are_read_in_the_ways_people_write_them(write, text):
    samples = read_plate_map(write(text), 2, 3)
    assert {cell: sample.name for cell, sample in samples.items()} == {
        (0, 0): "Fe1",
        (1, 2): "Bi7",
    }


def test_a_spreadsheets_byte_order_mark_is_no_part_of_the_header(write):
    assert read_plate_map(write("cell,name\nA1,x\n", "utf-8-sig"), 1, 1)[0, 0].name == "x"


def test_further_columns_are_kept(write):
    text = "cell,name,Composition,Anneal (C)\nA1,x,Bi0.5V0.5,450\n"
    sample = read_plate_map(write(text), 1, 1)[0, 0]
    assert sample.metadata == {"composition": "Bi0.5V0.5", "anneal_c": "450"}


def test_quoted_values_keep_their_commas(write):
    text = 'cell,name,note\nA1,x,"thick, cracked"\n'
    assert read_plate_map(write(text), 1, 1)[0, 0].metadata["note"] == "thick, cracked"


def test_a_plate_column_picks_the_lines_of_this_plate(write):
    path = write("plate,cell,name\np1,A1,x\np2,A1,y\n")
    assert read_plate_map(path, 1, 1, "p2")[0, 0].name == "y"
    with pytest.raises(InputError, match="names no sample of p3"):
        read_plate_map(path, 1, 1, "p3")


@pytest.mark.parametrize(
    ("lines", "number", "message"),
    [
        ("A1,x\nC1,y", 3, "the grid has 2 rows and 3 columns"),
        ("A1,x\nA4,y", 3, "the grid has 2 rows and 3 columns"),
        ("A0,x", 2, "counted from 1"),
        ("1A,x", 2, "a name such as B3"),
        ("A1,x\n\nA1,y", 4, "this cell was named before"),
        ("A1,x\nA2,x", 3, "'x' was named before"),
        ("A1,", 2, "name is empty"),
        ("A1,x,y", 2, "3 values given, 2 expected"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(write, lines, number, message):
    with pytest.raises(InputError, match=rf"map\.csv, line {number}: .*{message}"):
        read_plate_map(write("cell,name\n" + lines + "\n"), 2, 3)


def test_rows_that_are_no_numbers_are_refused(write):
    with pytest.raises(InputError, match=r"line 2: row '1\.5' given"):
        read_plate_map(write("row,col,name\n1.5,1,x\n"), 2, 3)


@pytest.mark.parametrize("text", ["", "\n", "name\nx\n", "row,name\n1,x\n", "A1,x\n"])
def test_a_table_without_the_columns_is_refused(write, text):
    with pytest.raises(InputError, match="sample_id, and cell or row and column, expected"):
        read_plate_map(write(text), 2, 3)


def test_a_map_that_is_not_there_or_no_text_is_refused(write, tmp_path):
    with pytest.raises(InputError, match="cannot be opened"):
        read_plate_map(tmp_path / "gone.csv", 2, 3)
    with pytest.raises(InputError, match="UTF-8"):
        read_plate_map(write("cell,name\nA1,ü\n", "utf-16"), 2, 3)
