"""Decoded crystals are counted, ranked, and each structure is kept once."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.chemistry.symmetry import space_group
from xmodkit_crystal.generate import candidates as module
from xmodkit_crystal.generate.candidates import candidates_of
from xmodkit_crystal.structure import Crystal

VO, VO2, V2O3, NOTHING = np.concatenate([np.eye(4), np.zeros((4, 5))], axis=1).astype(np.float32)
NOTHING = 2 * NOTHING


def formulas(found: list) -> list[str]:
    return [reduced_formula(one.crystal.numbers) for one in found]


def test_the_stablest_come_first_each_once_and_the_rest_is_counted(decoder):
    latents = np.stack([VO, V2O3, NOTHING, VO2, 1.5 * VO, V2O3])
    found, counts = candidates_of(decoder, latents, 4)
    assert formulas(found) == ["V2O3", "VO2", "VO"]
    assert counts == {"drawn": 6, "empty": 1, "deformed": 0, "duplicates": 2, "valid": 3}
    assert [one.number for one in found] == [1, 3, 0]
    assert [len(seen) for seen in decoder.seen] == [4, 2]
    np.testing.assert_array_equal(found[2].latent, VO)


def test_of_duplicates_the_most_familiar_stays(decoder):
    found, _ = candidates_of(decoder, np.stack([2.5 * VO, 0.5 * VO]), 8)
    assert [(one.number, one.novelty, one.novel) for one in found] == [(1, 0.5, False)]


def test_a_model_that_tells_nothing_leaves_the_order_of_drawing(fake: type):
    found, _ = candidates_of(fake(told=False), np.stack([VO2, V2O3]), 8)
    assert formulas(found) == ["VO2", "V2O3"]
    assert all(np.isnan(one.stability) and np.isnan(one.novelty) for one in found)
    assert not any(one.novel for one in found)


def test_no_latent_that_holds_a_crystal_is_no_error(decoder):
    found, counts = candidates_of(decoder, NOTHING[None], 8)
    assert not found
    assert (counts["empty"], counts["valid"]) == (1, 0)


def test_atoms_that_cleaning_merged_are_counted(decoder, monkeypatch: pytest.MonkeyPatch):
    rocksalt = candidates_of(decoder, VO[None], 1)[0][0].crystal
    split = Crystal(
        np.append(rocksalt.numbers, 23),
        np.append(rocksalt.fractional, rocksalt.fractional[rocksalt.numbers == 23] + 0.02, axis=0),
        rocksalt.cell,
    )
    monkeypatch.setattr(module, "crystals_of", lambda *_: [split])
    (found,), _ = candidates_of(decoder, VO[None], 1)
    assert (found.removed, len(found.crystal), found.valid) == (1, 2, True)


def test_cells_are_scaled_to_elements_that_are_not_usual(decoder):
    """VO is in the cell of its bond valences; without knowing what is usual, as it was decoded."""
    found = [
        candidates_of(decoder, VO[None], 1, usual=usual)[0][0]
        for usual in (None, (8, 23), (11, 17))
    ]
    decoded, usual, other = (one.crystal.volume for one in found)
    assert decoded == usual == pytest.approx(4.093**3 / 4, rel=1e-3)
    assert other > 1.1 * decoded
    assert [one.scaled for one in found] == [1, 1, pytest.approx(other / decoded)]


def test_crystals_are_symmetrized_before_duplicates_are_sought(
    decoder, monkeypatch: pytest.MonkeyPatch
):
    rutile = candidates_of(decoder, VO2[None], 1)[0][0].crystal
    moves = 0.04 * np.random.default_rng(0).uniform(-1, 1, (len(rutile), 3))
    moved = rutile.fractional + moves @ np.linalg.inv(rutile.cell)
    noisy = Crystal(rutile.numbers, moved, rutile.cell)
    monkeypatch.setattr(module, "crystals_of", lambda *_: [noisy])
    groups = [
        space_group(candidates_of(decoder, VO2[None], 1, tolerance=tolerance)[0][0].crystal, 1e-4)
        for tolerance in (None, 0.2)
    ]
    assert [group.symbol for group in groups] == ["P1", "P4_2/mnm"]


def test_deformed_cells_are_counted_and_invalid_crystals_come_last(
    decoder, monkeypatch: pytest.MonkeyPatch
):
    """A cell of 100 A is no crystal; V3O is one, but its oxidation states do not balance."""
    rocksalt = candidates_of(decoder, VO[None], 1)[0][0].crystal
    unbalanced = Crystal(
        np.array([23, 23, 23, 8]),
        np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0.5, 0.5, 0.5]]),
        4.0 * np.eye(3),
    )
    deformed = Crystal(rocksalt.numbers, rocksalt.fractional, 100 * np.eye(3))
    monkeypatch.setattr(module, "crystals_of", lambda *_: [unbalanced, deformed, rocksalt])
    found, counts = candidates_of(decoder, np.stack([V2O3, V2O3, VO]), 8)
    assert [one.valid for one in found] == [True, False]
    assert formulas(found) == ["VO", "V3O"]
    assert (counts["deformed"], counts["valid"]) == (1, 1)
