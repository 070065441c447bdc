"""Crystals match whatever their cells are, as pymatgen's matcher says, and duplicates are found."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_crystal.chemistry.matching import Known, Tolerances, groups, match, unique
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")
pytest.importorskip("pymatgen")


def moved(crystal: Crystal, sigma: float = 0.05, seed: int = 0) -> Crystal:
    """Return the crystal displaced, with another origin, order and size."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(crystal))
    noise = sigma * rng.standard_normal((len(crystal), 3)) @ np.linalg.inv(crystal.cell)
    fractional = crystal.fractional + noise + rng.random(3)
    return Crystal(crystal.numbers[order], fractional[order], 1.05 * crystal.cell)


def doubled(crystal: Crystal) -> Crystal:
    halves = [crystal.fractional / [2, 1, 1] + [half, 0, 0] for half in (0, 0.5)]
    return Crystal(
        np.tile(crystal.numbers, 2), np.concatenate(halves), np.diag([2.0, 1, 1]) @ crystal.cell
    )


def test_a_crystal_matches_its_supercell_exactly() -> None:
    rutile = known_crystals()["VO2(R)"]
    assert match(rutile, doubled(rutile)) == pytest.approx(0, abs=1e-6)


def test_displacements_are_measured_as_pymatgen_does() -> None:
    """The primitive cells are made once instead of for each pair: the answer stays."""
    matcher = pytest.importorskip("pymatgen.analysis.structure_matcher").StructureMatcher(
        ltol=0.3, stol=0.5, angle_tol=10
    )
    from xmodkit_crystal.convert import to_pymatgen

    for name in ("VO2(M1)", "V2O3", "V2O5"):
        crystal = known_crystals()[name]
        other = moved(crystal, seed=len(name))
        expected = matcher.get_rms_dist(to_pymatgen(crystal), to_pymatgen(other))[0]
        assert match(crystal, other) == pytest.approx(expected, abs=1e-6)
        assert expected > 0.005


def test_different_phases_do_not_match() -> None:
    known = known_crystals()
    assert match(known["VO2(R)"], known["VO2(B)"]) is None
    assert match(known["VO"], known["V2O5"]) is None


def test_narrow_tolerances_part_what_wide_ones_join() -> None:
    """Monoclinic V2O3 is slightly distorted corundum."""
    pair = (known_crystals()["V2O3"], known_crystals()["V2O3(M)"])
    assert match(*pair) == pytest.approx(0.019, abs=0.002)
    assert match(*pair, Tolerances(stol=0.01)) is None


def test_duplicates_are_grouped_in_order() -> None:
    known = known_crystals()
    rutile, m1 = known["VO2(R)"], known["VO2(M1)"]
    crystals = [rutile, m1, moved(rutile), known["VO"], doubled(rutile), moved(m1, seed=4)]
    assert groups(crystals) == [(0, 2, 4), (1, 5), (3,)]
    assert unique(crystals) == [0, 1, 3]


def test_the_nearest_known_crystal_is_the_one_with_the_least_displacement() -> None:
    names = list(known_crystals())
    known = Known(known_crystals().values())
    found = known.nearest(moved(known_crystals()["V2O3"], 0.01))
    assert found is not None
    assert names[found.index] == "V2O3"
    assert 0 < found.rms < 0.02
    strange = Crystal(
        np.array([23, 8, 8, 8]), np.random.default_rng(0).random((4, 3)), 4 * np.eye(3)
    )
    assert known.nearest(strange) is None
