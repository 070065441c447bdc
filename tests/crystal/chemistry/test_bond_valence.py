"""Substituted cells are as large as those of real oxides of vanadium."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_crystal.chemistry.bond_valence import balanced_states, scaled
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.simulator.simulate import types
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")
pytest.importorskip("pymatgen")


@pytest.mark.parametrize("name", ["VO2(R)", "VO2(M1)", "VO2(B)", "V2O3", "V2O3(M)", "V2O5"])
def test_known_phases_keep_their_size(name: str) -> None:
    """Within 2 % of each edge, from any size; VO alone is smaller, as its metals bind too."""
    real = known_crystals()[name]
    for factor in (0.5, 1.0, 2.0):
        found = scaled(Crystal(real.numbers, real.fractional, factor * real.cell))
        np.testing.assert_allclose(found.lengths / real.lengths, 1, atol=0.02)
        assert np.ptp(found.lengths / real.lengths) < 1e-9


def test_the_same_types_made_of_other_compounds_do_too() -> None:
    """TiO2's rutile and Al2O3's corundum become those of V within 3 %, by volume per atom."""
    by_name = {one.prototype.name: one.crystal for one in types()}
    for name, real in (("rutile", "VO2(R)"), ("corundum", "V2O3")):
        made, known = by_name[name], known_crystals()[real]
        ratio = (made.volume / len(made)) / (known.volume / len(known))
        assert abs(ratio ** (1 / 3) - 1) < 0.03


def test_states_balance_at_the_mean() -> None:
    states = balanced_states(np.array([23, 23, 8, 8, 8]))
    assert states == pytest.approx({23: 3.0, 8: -2.0})


def test_alloys_are_scaled_to_touching_atoms() -> None:
    alloy = Crystal(np.array([23, 22]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), 9 * np.eye(3))
    assert scaled(alloy).lengths[0] * 3**0.5 / 2 == pytest.approx(1.53 + 1.60)
