"""Random strains and displacements keep the symmetry, or break it, as asked."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_crystal.chemistry.symmetry import space_group
from xmodkit_crystal.simulator.distortion import Distortion, distorted
from xmodkit_crystal.simulator.prototypes import PROTOTYPES
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")

EVERY = {entry.name: entry for entry in PROTOTYPES}


def drawn(name: str, size: Distortion, seed: int = 0) -> Crystal:
    entry = EVERY[name]
    return distorted(entry.crystal, entry.symmetry, size, np.random.default_rng(seed))


@pytest.mark.parametrize("name", EVERY)
def test_symmetric_distortions_keep_the_space_group(name: str) -> None:
    found = drawn(name, Distortion(broken_share=0))
    assert space_group(found, 1e-4).number == space_group(EVERY[name].crystal, 1e-4).number


def test_free_parameters_move_and_fixed_ones_do_not() -> None:
    """In rutile, x of the anion and c/a; in rocksalt, the edge alone."""
    rutile, plain = drawn("rutile", Distortion(broken_share=0)), EVERY["rutile"].crystal
    shift = rutile.fractional - plain.fractional
    metal = plain.numbers == 22
    np.testing.assert_allclose(shift[metal], 0, atol=1e-12)
    assert np.abs(shift[~metal, :2]).min() > 1e-4
    np.testing.assert_allclose(shift[~metal, 2], 0, atol=1e-12)
    ratio = (rutile.lengths / plain.lengths).round(9)
    assert len(set(ratio)) == 2
    salt = drawn("rocksalt", Distortion(broken_share=0))
    np.testing.assert_allclose(salt.angles, 60, atol=1e-9)
    np.testing.assert_allclose(salt.fractional, EVERY["rocksalt"].crystal.fractional, atol=1e-12)


def test_broken_symmetry_is_broken_for_the_share_that_is_asked_for() -> None:
    groups = [
        space_group(drawn("perovskite", Distortion(broken_share=0.5), seed), 1e-3).number
        for seed in range(60)
    ]
    assert set(groups) == {1, 221}
    assert 15 < groups.count(1) < 45


def test_nothing_moves_where_nothing_is_drawn() -> None:
    still = drawn("corundum", Distortion(0, 0, 0, 0, 0))
    np.testing.assert_allclose(still.cell, EVERY["corundum"].crystal.cell)
    np.testing.assert_allclose(still.fractional, EVERY["corundum"].crystal.fractional)


def test_free_coordinates_move_as_far_as_asked_however_many_atoms_share_them() -> None:
    """The anion's x in rutile (an orbit of four), over many draws."""
    size = Distortion(0, 0, 0.08, 0, 0)
    plain = EVERY["rutile"].crystal
    moved = [drawn("rutile", size, seed).cartesian - plain.cartesian for seed in range(200)]
    along = np.linalg.norm(np.array(moved)[:, plain.numbers == 8], axis=-1)
    assert np.sqrt((along**2).mean()) == pytest.approx(0.08, rel=0.15)
