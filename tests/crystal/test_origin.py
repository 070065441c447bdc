"""A decoded crystal gets an origin that people recognise, and stays the same crystal."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_crystal.origin import from_an_atom
from xmodkit_crystal.structure import Crystal


def test_an_atom_of_the_rarest_species_is_at_the_origin_and_distances_stay():
    numbers = np.array([8, 8, 23])
    crystal = Crystal(numbers, np.array([[0.1, 0.2, 0.9], [0.5, 0.5, 0.5], [0.4, 0, 0]]), np.eye(3))
    moved = from_an_atom(crystal)
    np.testing.assert_allclose(moved.fractional[2], 0, atol=1e-12)
    shift = (moved.fractional - crystal.fractional) % 1
    np.testing.assert_allclose(shift, shift[:1].repeat(3, axis=0), atol=1e-12)


@pytest.mark.parametrize("numbers", [(8, 23), (23, 8)])
def test_of_two_equally_rare_species_it_is_the_metal(numbers: tuple[int, int]):
    crystal = Crystal(np.array(numbers), np.array([[0.1, 0.1, 0.1], [0.6, 0.6, 0.6]]), np.eye(3))
    moved = from_an_atom(crystal)
    np.testing.assert_allclose(moved.fractional[numbers.index(23)], 0, atol=1e-12)
