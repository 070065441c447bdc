"""Ingest leaves out crystals that fit no model, and says of each why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ase")
pytest.importorskip("spglib")

from xmodkit.pair import Failure
from xmodkit_crystal.chemistry.cif import cif_text
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.structure import Crystal


def test_what_is_too_large_in_its_reduced_cell_is_a_failure(tmp_path: Path):
    rutile = known_crystals()["VO2(R)"]
    rng = np.random.default_rng(0)
    beside = np.array([1, 0, 0])
    double = np.concatenate([rutile.fractional, beside + rutile.fractional]) / [2, 1, 1]
    twice = Crystal(np.tile(rutile.numbers, 2), double, rutile.cell * [[2], [1], [1]])
    moved = twice.fractional + 0.03 * rng.standard_normal(twice.fractional.shape)
    crystals = {
        "rutile": rutile,
        "supercell": twice,  # reduces to rutile
        "distorted": Crystal(twice.numbers, moved, twice.cell),
    }
    for name, crystal in crystals.items():
        (tmp_path / f"{name}.cif").write_text(cif_text(crystal, name))
    paths = [tmp_path / f"{name}.cif" for name in crystals]
    found = list(CrystalPair().ingest(paths, {"max_atoms": 6}))
    assert [isinstance(item, Failure) for item in found] == [False, False, True]
    assert "12 atoms in the primitive cell, at most 6" in found[2].error
    assert not any(isinstance(item, Failure) for item in CrystalPair().ingest(paths, {}))
