"""Crystals come back with the symmetry they nearly have, and never as others."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_crystal.chemistry.matching import match
from xmodkit_crystal.chemistry.symmetrized import symmetrized
from xmodkit_crystal.chemistry.symmetry import space_group
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")
pytest.importorskip("pymatgen")

GROUPS = {"VO": "Fm-3m", "VO2(R)": "P4_2/mnm", "V2O3": "R-3c"}


def noisy(crystal: Crystal, amplitude: float, seed: int = 0) -> Crystal:
    """Return a crystal whose atoms are moved by `amplitude` A each, wherever to."""
    moves = np.random.default_rng(seed).standard_normal((len(crystal), 3))
    moves *= amplitude / np.linalg.norm(moves, axis=1, keepdims=True)
    fractional = crystal.fractional + moves @ np.linalg.inv(crystal.cell)
    return Crystal(crystal.numbers, fractional, crystal.cell)


def doubled(crystal: Crystal) -> Crystal:
    """Return the crystal in a cell twice as long."""
    half = np.array([0.5, 1, 1])
    further = crystal.fractional + np.array([1, 0, 0])
    fractional = np.concatenate([crystal.fractional * half, further * half])
    return Crystal(np.tile(crystal.numbers, 2), fractional, crystal.cell / half[:, None])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("phase", sorted(GROUPS))
def test_noise_of_005_angstrom_is_averaged_out(phase: str, seed: int):
    given = noisy(known_crystals()[phase], 0.05, seed)
    assert space_group(given, 0.001).symbol == "P1"
    found = symmetrized(given, 0.2)
    assert space_group(found, 0.001).symbol == GROUPS[phase]
    assert match(found, known_crystals()[phase]) < 0.03


def test_a_cell_that_is_not_primitive_becomes_so():
    rutile = known_crystals()["VO2(R)"]
    found = symmetrized(noisy(doubled(rutile), 0.03), 0.2)
    assert len(found) == len(rutile)
    assert found.volume == pytest.approx(rutile.volume)


def test_a_crystal_without_symmetry_comes_back_unchanged():
    given = Crystal(
        np.array([23, 8, 8]),
        np.array([[0.02, 0.1, 0.03], [0.37, 0.52, 0.18], [0.71, 0.13, 0.66]]),
        np.array([[3.9, 0, 0], [0.7, 4.6, 0], [-0.4, 0.9, 5.3]]),
    )
    assert symmetrized(given, 0.1) is given


def test_less_noise_than_the_tolerance_is_needed():
    given = noisy(known_crystals()["VO2(R)"], 0.1)
    assert symmetrized(given, 0.01) is given


@pytest.mark.parametrize("tolerance", [0.2, 1.0, 3.0])
def test_atoms_that_lie_within_the_tolerance_of_each_other_are_not_merged(tolerance: float):
    """Two V at 0.5 A would be one at 3 A: what comes back has the atoms that went in."""
    given = Crystal(
        np.array([23, 23, 8]),
        np.array([[0, 0, 0], [0.11, 0.02, 0], [0.5, 0.47, 0.5]]),
        np.diag([4.1, 4.3, 4.6]),
    )
    found = symmetrized(given, tolerance)
    assert sorted(found.numbers) == sorted(given.numbers)
    assert found.volume == pytest.approx(given.volume, rel=0.1)


def test_a_crystal_that_spglib_cannot_read_comes_back_as_it_is():
    given = Crystal(np.array([23, 23]), np.zeros((2, 3)), 4.0 * np.eye(3))
    assert symmetrized(given, 0.1) is given


def test_noble_gases_are_compared_without_warnings():
    """Sorting elements by electronegativity, pymatgen would warn of helium."""
    given = Crystal(np.array([2, 8]), np.array([[0, 0, 0], [0.5] * 3]), 4 * np.eye(3))
    found = symmetrized(given, 0.1)
    assert space_group(found).symbol == "Pm-3m"
