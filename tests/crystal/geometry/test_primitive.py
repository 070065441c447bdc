import sys
from collections.abc import Callable

import numpy as np
import pytest

from xmodkit.errors import MissingExtraError
from xmodkit_crystal.geometry import primitive
from xmodkit_crystal.structure import Crystal


def test_a_supercell_is_reduced_without_turning_it(known: Callable[[str], Crystal]) -> None:
    pytest.importorskip("spglib")
    rutile = known("rutile VO2")
    doubled = Crystal(
        np.tile(rutile.numbers, 2),
        np.concatenate([rutile.fractional, rutile.fractional + np.array([0, 0, 1])]) / [1, 1, 2],
        rutile.cell * np.array([[1], [1], [2]]),
    )
    found = primitive(doubled)
    assert len(found) == len(rutile)
    assert np.linalg.det(found.cell) == pytest.approx(rutile.volume)
    # Each new vector is a whole number of old ones.
    change = found.cell @ np.linalg.inv(rutile.cell)
    np.testing.assert_allclose(change, np.rint(change), atol=1e-9)


def test_the_missing_library_is_named_with_its_extra(
    known: Callable[[str], Crystal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "spglib", None)
    with pytest.raises(MissingExtraError, match=r"spglib.*xmodkit\[crystal\]"):
        primitive(known("iron"))
