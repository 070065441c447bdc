"""Elements take the places of those that are like them in the crystals that were learned from."""

from __future__ import annotations

import pytest

pytest.importorskip("pymatgen")

from xmodkit_crystal.generate.roles import in_roles

OXIDE = (8, 23)


@pytest.mark.parametrize(
    ("elements", "slots"),
    [((11, 17), (17, 11)), ((53, 55), (53, 55)), ((4, 8), (8, 4)), ((8, 26), (8, 26))],
    ids=["NaCl", "CsI", "BeO", "FeO"],
)
def test_the_anion_takes_the_place_of_oxygen(elements: tuple[int, ...], slots: tuple[int, ...]):
    assert in_roles(elements, OXIDE) == slots


def test_the_usual_elements_stay_where_they_are():
    assert in_roles((23, 8), OXIDE) == OXIDE


def test_of_another_number_of_elements_nothing_is_known_and_they_ascend():
    assert in_roles((38, 22, 8), OXIDE) == (8, 22, 38)
    assert in_roles((17, 11), ()) == (11, 17)


def test_noble_gases_are_no_anions():
    assert in_roles((2, 8), OXIDE) == (8, 2)
