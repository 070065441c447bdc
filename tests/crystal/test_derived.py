"""A crystal that came back is compared with the one that was given: a failure is seen as one."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from xmodkit_crystal.chemistry.matching import match
from xmodkit_crystal.derived import COMPARED, compare, derive
from xmodkit_crystal.modalities import STABILITY
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.reading.arrays import to_arrays
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.structure import Crystal

for _library in ("pymatgen", "scipy", "spglib"):
    pytest.importorskip(_library)

RUTILE, CORUNDUM = known_crystals()["VO2(R)"], known_crystals()["V2O3"]
NOTHING = Crystal(np.zeros(0, np.int64), np.zeros((0, 3)), np.full((3, 3), np.nan))


def batch(*crystals: Crystal) -> dict[str, np.ndarray]:
    """Return crystals as predicted fields, padded to the most atoms of any."""
    most = max(map(len, crystals))
    rows = [to_arrays(crystal) for crystal in crystals]
    return {
        name: np.stack(
            [
                np.pad(row[name], [(0, most - len(one)), *[(0, 0)] * (row[name].ndim - 1)])
                if name != "cell"
                else row[name]
                for one, row in zip(crystals, rows, strict=True)
            ]
        )
        for name in rows[0]
    }


def test_what_matches_has_a_displacement_and_what_does_not_has_none():
    rng = np.random.default_rng(0)
    moved = RUTILE.fractional + 0.02 * rng.standard_normal(RUTILE.fractional.shape)
    close = replace(RUTILE, fractional=moved)
    metal = replace(RUTILE, numbers=RUTILE.numbers[:-1], fractional=RUTILE.fractional[:-1])
    told = compare([RUTILE] * 5, batch(RUTILE, close, CORUNDUM, metal, NOTHING))
    rms = told["match_rms"]
    assert rms.status is not None
    assert rms.status.tolist() == ["value", "value", "none", "none", "none"]
    assert rms.value[0] == 0
    assert rms.value[1] == pytest.approx(match(RUTILE, close), abs=1e-5)
    assert np.isnan(rms.value[2:]).all()
    assert told["atoms_given"].value.tolist() == [6] * 5
    assert set(told) == {field.name for field in COMPARED}


def test_a_supercell_is_compared_with_the_primitive_cell_that_models_see():
    twice = Crystal(
        np.tile(RUTILE.numbers, 2),
        np.concatenate([RUTILE.fractional, np.array([1, 0, 0]) + RUTILE.fractional]) / [2, 1, 1],
        RUTILE.cell * [[2], [1], [1]],
    )
    told = compare([twice], batch(RUTILE))
    assert told["atoms_given"].value.tolist() == [6]
    assert told["match_rms"].value == pytest.approx(0, abs=1e-5)


def test_a_cell_without_room_for_its_atoms_matches_nothing_and_takes_no_time():
    flat = replace(RUTILE, cell=RUTILE.cell * [[1], [1], [0.01]])
    told = compare([RUTILE], batch(flat))["match_rms"]
    assert np.isnan(told.value).all()


def test_what_holds_no_crystal_derives_nothing():
    assert derive({"latent": np.zeros((2, 3))}) == {}
    assert np.isnan(derive(batch(NOTHING))["volume"].value).all()


def test_stores_say_what_fields_are_in_the_words_of_this_version():
    """Files keep the words of the version that wrote them, which named the field less exactly."""
    older = tuple(
        replace(field, long_name="probability of being stable") for field in STABILITY.fields
    )
    pair = CrystalPair()
    for name in ("crystal:latent", "latent:crystal", "latent:stability"):
        told = {
            field.name: field.long_name
            for field in pair.outputs(pair.route(name), SimpleNamespace(outputs=older))
        }
        assert "threshold" in told["stability"]
        assert "training data" in told["formation_energy"]
