"""What is written as CIF is read back by others, and equal crystals give equal bytes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit_crystal.chemistry.cif import cif_text
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_ase_reads_back_what_is_written(seed: int, count: int) -> None:
    read = pytest.importorskip("ase.io").read
    rng = np.random.default_rng(seed)
    crystal = Crystal(
        rng.integers(1, 90, count),
        rng.uniform(-1, 2, (count, 3)),
        5 * (np.eye(3) + rng.uniform(-0.15, 0.15, (3, 3))),
    )
    atoms = read(io.StringIO(cif_text(crystal)), format="cif")
    np.testing.assert_array_equal(atoms.numbers, crystal.numbers)
    np.testing.assert_allclose(atoms.cell.cellpar()[:3], crystal.lengths, atol=1e-7)
    np.testing.assert_allclose(atoms.cell.cellpar()[3:], crystal.angles, atol=1e-6)
    apart = atoms.get_scaled_positions() - crystal.fractional
    np.testing.assert_allclose(apart, np.rint(apart), atol=1e-7)


def test_pymatgen_reads_it_with_its_formula() -> None:
    structure = pytest.importorskip("pymatgen.core").Structure
    text = cif_text(known_crystals()["V2O3"], "V2O3 (corundum)")
    assert text.startswith("data_V2O3__corundum_\n")
    assert structure.from_str(text, "cif").composition.reduced_formula == "V2O3"


def test_equal_crystals_give_equal_texts() -> None:
    """Also where a coordinate is -0 or a hair below 1."""
    cell = 4 * np.eye(3)
    one = Crystal(np.array([23]), np.array([[0.0, 0.0, 0.0]]), cell)
    other = Crystal(np.array([23]), np.array([[-0.0, -1e-12, 1 - 1e-12]]), cell)
    assert cif_text(one) == cif_text(other)
    assert "V1 V 0.00000000 0.00000000 0.00000000 1" in cif_text(one)
