"""Crystals become voxel images, and these the same crystals again."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("spglib")

from xmodkit.errors import InputError
from xmodkit.prediction import Value
from xmodkit_crystal.decode import crystals_of, decoded
from xmodkit_crystal.encode import encode_crystal
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.modalities import CRYSTAL, VOXELS
from xmodkit_crystal.structure import Crystal

RUTILE = Crystal(
    np.array([23, 23, 8, 8, 8, 8]),
    np.array([
        [0, 0, 0], [0.5, 0.5, 0.5],
        [0.305, 0.305, 0], [0.695, 0.695, 0], [0.195, 0.805, 0.5], [0.805, 0.195, 0.5],
    ]),
    np.diag([4.55, 4.55, 2.85]),
)  # fmt: skip
LONG = Crystal(np.array([23]), np.zeros((1, 3)), np.diag([3.0, 4.0, 11.5]))


def test_images_fit_their_modality_and_name_the_species():
    found = encode_crystal(RUTILE, 10.0)
    VOXELS.check(found)
    assert found["species"].tolist() == [8, 23, 0, 0, 0]
    assert not found["species_images"][2:].any()


def test_a_crystal_comes_back_from_its_images():
    (found,) = crystals_of(
        {name: array[None] for name, array in encode_crystal(RUTILE, 10).items()}
    )
    assert found is not None
    again, whole = canonical(found), canonical(RUTILE)
    np.testing.assert_array_equal(again.numbers, whole.numbers)
    np.testing.assert_allclose(again.cell, whole.cell, atol=2e-3)
    np.testing.assert_allclose(again.fractional, whole.fractional, atol=2e-3)


def test_a_model_says_how_long_an_edge_may_be():
    with pytest.raises(InputError, match=r"11\.50 A, at most 10 A"):
        encode_crystal(LONG, 10.0)
    assert encode_crystal(LONG, 13.5)["cell_image"].any()


def test_rows_without_a_crystal_have_no_atoms_and_the_others_are_whole():
    row = encode_crystal(RUTILE, 10.0)
    empty = {name: np.zeros_like(array) for name, array in row.items()}
    images = {name: Value(np.stack([row[name], empty[name]])) for name in row}
    found = decoded(images)
    assert list(found) == [field.name for field in CRYSTAL.fields]
    assert found["numbers"].shape.tolist() == [[6], [0]]
    assert np.isfinite(found["cell"].value[0]).all()
    assert np.isnan(found["cell"].value[1]).all()
