"""A generation's files: valid crystals apart from others, and none of an earlier generation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xmodkit_crystal.chemistry.table import row
from xmodkit_crystal.generate.output_files import write_files
from xmodkit_crystal.structure import Crystal

pytest.importorskip("pymatgen")

SALT = Crystal(np.array([23, 8]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), 4.1 * np.eye(3))
UNBALANCED = Crystal(np.array([23, 23]), np.array([[0, 0, 0], [0.02, 0, 0]]), 4.1 * np.eye(3))


def test_crystals_that_are_not_valid_lie_apart(tmp_path: Path):
    rows = [row("001-VO", SALT), row("002-V", UNBALANCED)]
    paths = write_files(rows, [SALT, UNBALANCED], tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "crystals.csv",
        "cifs/001-VO.cif",
        "invalid/002-V.cif",
    ]
    assert all("never measured" in path.read_text() for path in paths[1:])


def test_what_an_earlier_generation_left_is_replaced_and_other_files_stay(tmp_path: Path):
    write_files([row("007-VO", SALT)], [SALT], tmp_path)
    mine = tmp_path / "cifs" / "mine.cif"
    mine.write_text("data_mine")
    write_files([row("001-VO", SALT)], [SALT], tmp_path)
    assert {path.name for path in (tmp_path / "cifs").iterdir()} == {"001-VO.cif", "mine.cif"}
    assert mine.read_text() == "data_mine"


def test_of_nothing_the_table_has_a_header_alone(tmp_path: Path):
    (table,) = write_files([], [], tmp_path)
    assert len(table.read_text().splitlines()) == 1
