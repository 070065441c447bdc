"""Distances are those to the nearest image, in whatever cell a crystal is written."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xmodkit_crystal.chemistry.distances import nearest_vectors, separations
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")

# Bases of one lattice: whole numbers, determinant 1.
SKEWED = np.array([[1, 2, 3], [0, 1, -4], [0, 0, 1]], float)


def by_many_images(crystal: Crystal, reach: int = 12) -> np.ndarray:
    """Return shortest distances from all images of a wide block of cells: slow, but plain."""
    shifts = np.array(list(product(range(-reach, reach + 1), repeat=3))) @ crystal.cell
    vectors = crystal.cartesian - crystal.cartesian[:, None]
    lengths = np.linalg.norm(vectors[..., None, :] + shifts, axis=-1)
    lengths[lengths < 1e-9] = np.inf
    return np.asarray(lengths.min(axis=-1))


def test_a_cubic_atom_is_one_edge_from_its_image() -> None:
    lone = Crystal(np.array([23]), np.zeros((1, 3)), 3.0 * np.eye(3))
    assert separations(lone) == pytest.approx(3.0)


@settings(max_examples=15, deadline=None)
@given(
    arrays(float, (3, 3), elements=st.floats(0, 1)),
    arrays(float, (3, 3), elements=st.floats(-0.9, 0.9)),
)
def test_they_are_those_of_a_wide_search(fractional: np.ndarray, strain: np.ndarray) -> None:
    """Also in a cell that is written with very oblique vectors."""
    cell = 4 * (np.eye(3) + (strain + strain.T) / 4)
    plain = Crystal(np.array([23, 8, 8]), fractional, cell)
    expected = by_many_images(plain, 3)
    oblique = Crystal(plain.numbers, fractional @ np.linalg.inv(SKEWED), SKEWED @ cell)
    apart = ~np.isclose(separations(plain), 0)  # two atoms in one place: none further there
    np.testing.assert_allclose(separations(plain)[apart], expected[apart], atol=1e-6)
    np.testing.assert_allclose(separations(oblique), separations(plain), atol=1e-6)


def test_vectors_lead_from_the_first_to_the_second_atom() -> None:
    pair = Crystal(np.array([23, 8]), np.array([[0.1, 0, 0], [0.9, 0, 0]]), 5.0 * np.eye(3))
    vectors = nearest_vectors(pair)
    np.testing.assert_allclose(vectors[0, 1], [-1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(vectors[1, 0], [1, 0, 0], atol=1e-12)
