"""Elements stand in the groups of the periodic table."""

from __future__ import annotations

import pytest

from xmodkit.structures.periodic_table import groups


@pytest.mark.parametrize(
    ("number", "group"),
    [(1, 1), (2, 18), (3, 1), (5, 13), (8, 16), (21, 3), (29, 11), (35, 17), (57, 3), (79, 11)],
)
def test_elements_stand_in_their_groups(number: int, group: int):
    assert groups()[number] == group
