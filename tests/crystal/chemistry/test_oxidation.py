"""Oxidation states balance where chemists say that they do."""

from __future__ import annotations

import re

import numpy as np
import pytest

from xmodkit.structures.elements import atomic_number
from xmodkit_crystal.chemistry.oxidation import oxidation_states, oxidation_sum

pytest.importorskip("pymatgen")


def numbers(formula: str) -> np.ndarray:
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    return np.array([atomic_number(name) for name, count in parts for _ in range(int(count or 1))])


VANADIUM = ["VO", "VO2", "V2O3", "V2O5", "V6O13", "V7O13", "V3O4"]
OTHERS = ["NaCl", "CuSO4", "CaTiO3", "FeS2", "Cu2O", "K2NiF4", "NaNO3", "V", "Cu3Al"]


@pytest.mark.parametrize("formula", VANADIUM + OTHERS)
def test_real_compounds_balance(formula: str) -> None:
    assert oxidation_sum(numbers(formula)) == 0


@pytest.mark.parametrize(
    ("formula", "left"), [("V2O", 2), ("VO3", -1), ("NaCl2", -1), ("V4O", 6), ("Na3Cl", 2)]
)
def test_others_do_not_and_it_says_by_how_much(formula: str, left: float) -> None:
    """V has +2 to +5 beside O."""
    assert oxidation_sum(numbers(formula)) == left


def test_vanadium_has_two_to_five_and_oxygen_minus_two() -> None:
    assert oxidation_states({23: 2, 8: 3}) == {23: (2.0, 5.0), 8: (-2.0, -2.0)}


def test_the_answer_is_pymatgen_s_for_oxides_of_vanadium() -> None:
    """Its guesses exist for the same compositions, though it takes a thousand times as long."""
    core = pytest.importorskip("pymatgen.core")
    for v, o in ((1, 1), (2, 1), (2, 3), (3, 5), (1, 2), (2, 5), (1, 3), (4, 7), (3, 8)):
        guessed = bool(core.Composition({"V": v, "O": o}).oxi_state_guesses())
        assert (oxidation_sum(np.array([23] * v + [8] * o)) == 0) == guessed, (v, o)
