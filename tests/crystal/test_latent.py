"""A latent vector's last five numbers are elements, where they can be."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xmodkit_crystal.latent import parted, slots_of


@given(
    st.lists(st.floats(-3, 3), min_size=1, max_size=9),
    st.lists(st.integers(1, 118), min_size=1, max_size=5, unique=True),
)
def test_what_is_joined_comes_apart_again(z: list[float], species: list[int]):
    found, numbers = parted(np.concatenate([z, slots_of(species)]))
    np.testing.assert_array_equal(found, z)
    assert numbers == tuple(sorted(species))


def test_a_vector_without_elements_is_all_z():
    for vector in (np.linspace(0.1, 0.9, 8), np.ones(5), np.zeros(9), -np.ones(9)):
        found, numbers = parted(vector)
        np.testing.assert_array_equal(found, vector)
        assert numbers == ()
