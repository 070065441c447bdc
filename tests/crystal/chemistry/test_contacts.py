"""Limits on distances are the published ones for V and O, and leave real bonds alone."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.structures.elements import atomic_number
from xmodkit_crystal.chemistry.contacts import is_nonmetal, limits


@pytest.mark.parametrize(
    ("a", "b", "published"), [("V", "V", 1.6), ("O", "O", 1.3), ("V", "O", 1.2)]
)
def test_vanadium_and_oxygen_have_the_published_limits(a: str, b: str, published: float) -> None:
    least = limits(np.array([atomic_number(a), atomic_number(b)]))[0, 1]
    assert least == pytest.approx(published, abs=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "bond"),
    [
        ("S", "S", 2.16),  # pyrite
        ("N", "N", 1.17),  # azides
        ("C", "C", 1.20),  # acetylides
        ("S", "O", 1.47),  # sulfates
        ("P", "O", 1.52),
        ("Si", "O", 1.61),
        ("C", "O", 1.28),
        ("Cr", "Cr", 2.50),
        ("H", "O", 0.96),
    ],
)
def test_ordinary_bonds_are_longer(a: str, b: str, bond: float) -> None:
    assert limits(np.array([atomic_number(a), atomic_number(b)]))[0, 1] < bond


def test_nonmetals_are_those_that_form_anions() -> None:
    numbers = np.array([atomic_number(name) for name in ("O", "Te", "V", "Si", "H")])
    assert is_nonmetal(numbers).tolist() == [True, True, False, False, True]
