"""Cells fit their elements: volumes per formula are those of known crystals, others stay."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.structures.elements import atomic_number
from xmodkit_crystal.generate.scaled import sized
from xmodkit_crystal.structure import Crystal

pytest.importorskip("pymatgen")
pytest.importorskip("spglib")

USUAL = (8, 23)
FCC = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
ROCKSALT = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
WURTZITE = np.array([[1, 2, 0], [2, 1, 1.5], [1, 2, 1.134], [2, 1, 2.634]]) / 3
PEROVSKITE = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
HEXAGONAL = np.array([[1, 0, 0], [-0.5, 0.75**0.5, 0], [0, 0, 1.6224]])
# Symbols, places, cell over its edge, volume of the cell in A^3.
KNOWN = {
    "NaCl": ("Na Cl", ROCKSALT, FCC, 44.9),
    "CsI": ("Cs I", ROCKSALT, np.eye(3), 95.3),
    "BeO": ("Be Be O O", WURTZITE, HEXAGONAL, 2 * 13.8),
    "SrTiO3": ("Sr Ti O O O", PEROVSKITE, np.eye(3), 59.5),
}


def crystal(symbols: str, fractional: np.ndarray, cell: np.ndarray) -> Crystal:
    return Crystal(np.array([atomic_number(name) for name in symbols.split()]), fractional, cell)


@pytest.mark.parametrize("edge", [3.0, 4.5])
@pytest.mark.parametrize("name", sorted(KNOWN))
def test_volumes_of_known_crystals_come_back_whatever_the_cell_was(name: str, edge: float):
    """Within 8 %; shape and places stay."""
    symbols, fractional, cell, volume = KNOWN[name]
    given = crystal(symbols, fractional, edge * cell)
    found = sized(given, USUAL)
    assert found.volume == pytest.approx(volume, rel=0.08)
    np.testing.assert_allclose(found.angles, given.angles)
    np.testing.assert_array_equal(found.fractional, fractional)


def test_crystals_of_usual_elements_alone_stay_as_they_are():
    for symbols in ("V O", "V V", "O O"):
        given = crystal(symbols, ROCKSALT, 5 * FCC)
        assert sized(given, USUAL) is given


def test_one_element_that_is_not_usual_is_enough():
    given = crystal("V S", ROCKSALT, 4 * FCC)
    assert sized(given, USUAL).volume > 1.1 * given.volume


@pytest.mark.parametrize("cell", [np.full((3, 3), np.nan), np.ones((3, 3)), np.zeros((3, 3))])
def test_a_cell_without_a_volume_is_left_to_be_refused(cell: np.ndarray):
    given = crystal("Cs I", ROCKSALT, cell)
    assert sized(given, USUAL) is given


def test_two_atoms_in_one_place_ask_for_no_size():
    given = crystal("Cs I", np.array([[0, 0, 0], [0.01, 0, 0]]), 4 * np.eye(3))
    assert sized(given, USUAL) is given


def test_metals_alone_touch_each_other():
    """NiAl, CsCl type: 24.1 A^3."""
    given = crystal("Ni Al", ROCKSALT, 4 * np.eye(3))
    assert sized(given, USUAL).volume == pytest.approx(24.1, rel=0.1)
