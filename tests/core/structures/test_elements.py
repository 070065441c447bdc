"""Elements have the numbers, symbols and sizes that the libraries of the field give them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.errors import InputError
from xmodkit.structures.elements import LAST_ELEMENT, atomic_number, covalent_radii, symbol


def test_symbols_and_radii_are_those_of_ase():
    data = pytest.importorskip("ase.data")
    assert [symbol(number) for number in range(LAST_ELEMENT + 1)] == data.chemical_symbols
    np.testing.assert_array_equal(covalent_radii()[:97], data.covalent_radii[:97])


@given(st.integers(1, LAST_ELEMENT), st.integers(0, 99))
def test_numbers_symbols_and_labels_in_any_case_name_one_element(number: int, count: int):
    name = symbol(number)
    for label in (str(number), name, name.upper(), name.lower(), f"{name}{count}"):
        assert atomic_number(label) == number


def test_isotopes_of_hydrogen_are_hydrogen():
    assert atomic_number("D") == atomic_number("T") == 1


@pytest.mark.parametrize("label", ["", "X", "Qq", "0", "119", "Cu-", "Fe_pv"])
def test_what_is_no_element_is_refused(label: str):
    with pytest.raises(InputError, match="unknown element"):
        atomic_number(label)
