import sys

import numpy as np
import pytest

from xmodkit.errors import MissingExtraError
from xmodkit_crystal.inverse import atoms_of, cell_of
from xmodkit_crystal.voxels import cell_image


def test_the_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.ndimage", None)
    with pytest.raises(MissingExtraError, match=r"scipy.*xmodkit\[crystal\]"):
        cell_of(cell_image(4 * np.eye(3)))
    with pytest.raises(MissingExtraError, match=r"scipy.*xmodkit\[crystal\]"):
        atoms_of(np.zeros((1, 64, 64, 64)))
