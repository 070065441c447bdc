"""Simulated crystals are valid, varied, within the limits, and depend on seed and number alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from xmodkit.errors import UsageError
from xmodkit.pair import Sample
from xmodkit_crystal.chemistry.distances import reduced
from xmodkit_crystal.chemistry.matching import Known
from xmodkit_crystal.chemistry.validity import judge
from xmodkit_crystal.modalities import CRYSTAL
from xmodkit_crystal.simulator import VERSION, simulate, simulate_options, types
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")
pytest.importorskip("pymatgen")


def crystal_of(sample: Sample) -> Crystal:
    arrays = sample.arrays["crystal"]
    fractional, cell = (arrays[name].astype(float) for name in ("fractional", "cell"))
    return Crystal(arrays["numbers"].astype(int), fractional, cell)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(simulate(300, seed=7))


def test_each_is_a_valid_crystal_within_the_limits(samples: list[Sample]) -> None:
    for sample in samples:
        CRYSTAL.check(sample.arrays["crystal"])
        crystal = crystal_of(sample)
        assert judge(crystal).valid, sample.metadata
        assert set(crystal.species) == {8, 23}
        assert len(crystal) <= 20
        assert np.linalg.norm(reduced(crystal.cell), axis=1).max() <= 12.0 + 1e-5


def test_they_are_of_many_types_and_formulas(samples: list[Sample]) -> None:
    formulas = Counter(sample.groups["formula"] for sample in samples)
    assert set(formulas) == {"VO", "VO2", "V2O3", "V3O4", "V3O5", "V2O5"}
    kinds = Counter(sample.groups["prototype"] for sample in samples)
    assert len(kinds) > 50
    assert max(kinds.values()) < 20


def test_they_say_what_they_are(samples: list[Sample]) -> None:
    """Simulated, by which version, and that nothing is known of their stability."""
    first = samples[0]
    assert first.metadata["simulated"] is True
    assert first.metadata["simulator"] == VERSION
    assert "nothing is known of their stability" in first.metadata["data"]
    assert first.metadata["prototype"] == first.groups["prototype"]
    assert first.groups["sample"] == first.id == "crystal-7-000000"
    assert "stability" not in first.arrays


def test_a_crystal_depends_on_seed_and_number_alone(samples: list[Sample]) -> None:
    alone = next(simulate(1, seed=7, start=42))
    assert alone.id == samples[42].id
    for name, array in alone.arrays["crystal"].items():
        np.testing.assert_array_equal(array, samples[42].arrays["crystal"][name])
    other = next(simulate(1, seed=8, start=42))
    assert not np.array_equal(other.arrays["crystal"]["cell"], alone.arrays["crystal"]["cell"])


def test_every_phase_that_is_known_has_its_type_and_ions_go_both_ways() -> None:
    found = {(one.prototype.name, one.elements) for one in types()}
    assert {("rutile", (23, 8)), ("corundum", (23, 8)), ("V2O5", (23, 8))} <= found
    assert ("cuprite", (8, 23)) in found  # VO2 with V where Cu2O has O
    assert ("cuprite", (23, 8)) not in found  # V2O would be V+1


def test_the_published_edge_leaves_out_v2o5() -> None:
    assert "V2O5" in {one.prototype.name for one in types()}
    assert "V2O5" not in {one.prototype.name for one in types(longest=10.0)}
    assert max(len(one.crystal) for one in types(most_atoms=10)) == 10


def test_other_elements_have_other_formulas() -> None:
    """W takes ReO3's type, three elements fill perovskites, and options are the command line's."""
    oxides = {one.prototype.name for one in types(("W", "O"))}
    assert "ReO3" in oxides
    perovskites = [one for one in types(("Ca", "Ti", "O")) if one.prototype.name == "perovskite"]
    assert (20, 22, 8) in {one.elements for one in perovskites}
    (sample,) = simulate_options(1, 3, {"elements": "Ca, Ti,O", "max_atoms": 5, "max_edge": None})
    assert set(crystal_of(sample).species) <= {8, 20, 22}
    assert len(crystal_of(sample)) <= 5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"n": -1, "seed": 0}, "n is -1"),
        ({"n": 1, "seed": -2}, "seed is -2"),
        ({"n": 1, "seed": 0, "elements": ("V",)}, "two or more"),
        ({"n": 1, "seed": 0, "elements": ("V", "Q")}, "unknown element 'Q'"),
        ({"n": 1, "seed": 0, "most_atoms": 1}, "fit no structure type"),
    ],
)
def test_what_cannot_be_is_refused_at_once(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        simulate(**arguments)  # type: ignore[arg-type]


def test_known_phases_are_left_out_where_that_is_asked_for():
    known = Known(known_crystals().values())
    crystals = [crystal_of(s) for s in simulate(30, 5, without_known=True)]
    assert all(known.nearest(crystal) is None for crystal in crystals)
    usual = [crystal_of(s) for s in simulate(30, 5)]
    assert any(known.nearest(crystal) is not None for crystal in usual)
