"""The Coulomb matrix of the study names its rows by element and distance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit_xes.study.coulomb import CoulombMatrix

pytest.importorskip("ase")


def _clusters(seed: int, n: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return padded clusters around sulfur: 3 to 8 neighbours of C, H and O, by distance."""
    random = np.random.default_rng(seed)
    numbers, positions = np.zeros((n, 9), np.int32), np.zeros((n, 9, 3))
    for i in range(n):
        count = random.integers(3, 9)
        places = random.normal(size=(count, 3))
        places *= np.sort(random.uniform(1.3, 5, count))[:, None] / np.linalg.norm(
            places, axis=1, keepdims=True
        )
        numbers[i, 0], numbers[i, 1 : count + 1] = 16, random.choice([1, 6, 8], count)
        positions[i, 1 : count + 1] = places
    return numbers, positions


def test_entries_are_those_of_the_definition():
    numbers = np.array([[16, 8, 6, 8]], np.int32)
    positions = np.array([[[0, 0, 0], [1.4, 0, 0], [0, 1.8, 0], [0, 0, 2.5]]], float)
    matrix = CoulombMatrix.of(numbers, 3)
    assert matrix.rows == ("S*", "O1", "O2", "C1")
    entries = dict(zip(matrix.names, matrix(numbers, positions)[0], strict=True))
    assert entries["S*"] == pytest.approx(0.5 * 16**2.4)
    assert entries["S*-O2"] == pytest.approx(16 * 8 / 2.5)
    assert entries["O1-C1"] == pytest.approx(8 * 6 / np.hypot(1.4, 1.8))
    assert dict(zip(matrix.names, matrix.classes, strict=True))["O2-C1"] == "O-C"


def test_it_is_the_matrix_of_dscribe_with_rows_in_another_order():
    descriptors = pytest.importorskip("dscribe.descriptors")
    from ase import Atoms

    numbers, positions = _clusters(3, 1)
    count = int((numbers[0] > 0).sum())
    matrix = CoulombMatrix.of(numbers, count - 1)
    ours = matrix(numbers, positions)[0]
    atoms = Atoms(numbers[0, :count], positions[0, :count])
    theirs = descriptors.CoulombMatrix(n_atoms_max=count, permutation="none").create(atoms)
    theirs = theirs.reshape(count, count)
    assert np.sort(ours) == pytest.approx(np.sort(theirs[np.triu_indices(count)]), rel=1e-6)


@given(st.integers(0, 10**6))
def test_rotation_and_padding_change_nothing(seed: int):
    numbers, positions = _clusters(seed)
    matrix = CoulombMatrix.of(numbers, 6)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    padded = np.pad(numbers, ((0, 0), (0, 4))), np.pad(positions, ((0, 0), (0, 4), (0, 0)))
    plain = matrix(numbers, positions)
    assert matrix(numbers, positions @ rotation) == pytest.approx(plain, rel=1e-9)
    assert np.array_equal(matrix(*padded), plain)


def test_an_atom_that_is_not_there_has_zeros():
    numbers = np.array([[16, 8, 8], [16, 8, 0]], np.int32)
    positions = np.array([[[0, 0, 0], [1.4, 0, 0], [0, 1.5, 0]], [[0, 0, 0], [1.4, 0, 0], [0] * 3]])
    matrix = CoulombMatrix.of(numbers, 2)
    second = dict(zip(matrix.names, matrix(numbers, positions)[1], strict=True))
    assert [second[name] for name in ("O2", "S*-O2", "O1-O2")] == [0, 0, 0]
    assert second["S*-O1"] > 0


def test_slots_that_few_clusters_fill_are_left_out():
    numbers = np.array([[16, 8]] * 199 + [[16, 9]], np.int32)
    assert CoulombMatrix.of(numbers, 4).rows == ("S*", "O1")
