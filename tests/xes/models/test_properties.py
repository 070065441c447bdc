"""What networks know of the elements."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("ase")

from xmodkit_xes.models.properties import PROPERTIES, properties

TABLE = properties()


def _of(number: int, name: str) -> float:
    return float(TABLE[number, PROPERTIES.index(name)])


def test_every_element_has_finite_properties_of_order_one_and_padding_has_none():
    assert TABLE.shape == (119, len(PROPERTIES))
    assert np.isfinite(TABLE).all()
    assert np.abs(TABLE).max() < 3
    assert not TABLE[0].any()


def test_known_elements_are_what_they_are():
    assert _of(9, "electronegativity") == pytest.approx(3.98 / 2 - 1)
    assert _of(29, "d block") == 1
    assert _of(29, "group") == pytest.approx(11 / 9 - 1)
    assert _of(16, "period") == 0
    assert [z for z in range(1, 60) if _of(z, "halogen")] == [9, 17, 35, 53]
    assert [z for z in range(1, 119) if _of(z, "hydrogen")] == [1]


def test_no_two_light_elements_look_the_same():
    assert len(np.unique(TABLE[1:55], axis=0)) == 54
