"""Space groups are spglib's; noise below the tolerance does not hide them."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_crystal.chemistry.symmetry import SpaceGroup, space_group
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")


def test_rutile_has_its_space_group_also_with_noise() -> None:
    rutile = known_crystals()["VO2(R)"]
    noise = 0.01 * np.random.default_rng(0).standard_normal((6, 3))
    noisy = Crystal(
        rutile.numbers, rutile.fractional + noise @ np.linalg.inv(rutile.cell), rutile.cell
    )
    assert space_group(noisy) == SpaceGroup(136, "P4_2/mnm")
    assert space_group(noisy, 1e-3) == SpaceGroup(1, "P1")


def test_what_spglib_cannot_tell_is_p1() -> None:
    """Two atoms in one place have no space group."""
    double = Crystal(np.array([8, 8]), np.zeros((2, 3)), 4.0 * np.eye(3))
    assert space_group(double) == SpaceGroup(1, "P1")
