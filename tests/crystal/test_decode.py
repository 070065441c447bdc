"""Crystals that come back are idealised to the symmetry they nearly have, if asked to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xmodkit_crystal.chemistry.matching import match
from xmodkit_crystal.chemistry.symmetry import space_group
from xmodkit_crystal.decode import idealised
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.simulator.known import known_crystals

for _library in ("pymatgen", "spglib"):
    pytest.importorskip(_library)

KNOWN = known_crystals()


@pytest.mark.parametrize("name", ["VO", "VO2(R)", "V2O3", "V2O5"])
def test_a_crystal_off_by_hundredths_of_an_angstrom_has_its_space_group_again(name: str):
    exact = canonical(KNOWN[name])
    rng = np.random.default_rng(1)
    noise = 0.02 * rng.standard_normal(exact.fractional.shape)
    off = replace(exact, fractional=exact.fractional + noise @ np.linalg.inv(exact.cell))
    back = idealised(off, 0.3)
    assert space_group(off, 1e-3).number < space_group(back, 1e-3).number
    assert space_group(back, 1e-3) == space_group(exact, 1e-3)
    np.testing.assert_allclose(back.lengths, exact.lengths, atol=0.01)
    np.testing.assert_allclose(back.angles, exact.angles, atol=0.1)
    rms = match(back, exact)
    assert rms is not None
    assert rms < 0.02


def test_without_symmetry_within_the_tolerance_it_stays_as_it_is():
    rng = np.random.default_rng(2)
    exact = canonical(KNOWN["V2O3"])
    off = replace(exact, fractional=exact.fractional + 0.03 * rng.standard_normal((len(exact), 3)))
    assert idealised(off, 0.001) is off
