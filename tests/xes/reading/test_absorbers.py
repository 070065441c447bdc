"""Absorbing atoms are chosen by element, by index, or by both."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.errors import InputError, UsageError
from xmodkit_xes.reading.absorbers import MOST_SITES, Absorber

pytest.importorskip("ase")

NUMBERS = np.array([6, 16, 29, 16], np.int32)


@pytest.mark.parametrize(
    ("text", "sites"), [("S", [1, 3]), ("s", [1, 3]), ("2", [2]), ("3,1", [3, 1]), ("S:3", [3])]
)
def test_the_chosen_atoms_absorb(text: str, sites: list[int]):
    assert Absorber.parse(text).sites(NUMBERS).tolist() == sites


@pytest.mark.parametrize("text", ["", "Qq", "1,", "-1", "2,2", "S:", "1.5", "S;Cu", "1:S"])
def test_what_is_no_choice_is_refused(text: str):
    with pytest.raises(UsageError, match="--absorber"):
        Absorber.parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("O", "no O to absorb; it holds C 1, Cu 1, S 2"),
        ("4", "atoms 0 to 3 given"),
        ("S:2", "atom 2 is Cu, S expected"),
    ],
)
def test_a_structure_without_the_absorber_is_refused_by_its_elements(text: str, said: str):
    with pytest.raises(InputError, match=said):
        Absorber.parse(text).sites(NUMBERS)


def test_more_sites_than_can_be_predicted_are_refused():
    with pytest.raises(InputError, match="choose some by index"):
        Absorber("S").sites(np.full(MOST_SITES + 1, 16, np.int32))


def test_a_model_of_another_element_is_refused():
    assert str(Absorber.parse("3").of("S")) == "S:3"
    with pytest.raises(UsageError, match="the model is of S"):
        Absorber.parse("Cu").of("S")
