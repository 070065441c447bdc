"""Conformers are further geometries of the same molecule, the same ones each time."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.errors import InputError
from xmodkit.pair import Sample
from xmodkit_xes.modalities import CONFORMERS
from xmodkit_xes.reading.conformers import embed, with_conformers
from xmodkit_xes.reading.molecules import molecule, skeleton

pytest.importorskip("rdkit")
pytest.importorskip("scipy")

PROPANETHIOL = "CCCS"


def sample(smiles: str = PROPANETHIOL, absorber: int = 16) -> Sample:
    numbers, places = embed(smiles, 1)
    structure = {
        "numbers": numbers,
        "positions": places[0].astype(np.float32),
        "cell": np.zeros((3, 3), np.float32),
        "sites": np.flatnonzero(numbers == absorber)[:1].astype(np.int32),
    }
    return Sample("mol", {"structure": structure}, metadata={"smiles": smiles})


def test_the_given_geometry_comes_first_and_the_others_after_it() -> None:
    """Four clusters of one molecule around its sulfur, the first of them as it was given."""
    given = sample()
    arrays = with_conformers(given, 3).arrays["conformers"]
    CONFORMERS.check(arrays)
    assert arrays["conformer_numbers"].shape == (4, 12)
    assert (arrays["conformer_numbers"][:, 0] == 16).all()
    assert not arrays["conformer_positions"][:, 0].any()
    structure = given.arrays["structure"]
    distances = np.linalg.norm(
        structure["positions"] - structure["positions"][structure["sites"][0]], axis=1
    )
    found = np.linalg.norm(arrays["conformer_positions"][0], axis=1)
    np.testing.assert_allclose(np.sort(found), np.sort(distances), atol=1e-4)


def test_conformers_are_the_same_each_time() -> None:
    """The seed is fixed: a run that is resumed or repeated sees the same geometries."""
    first, second = (with_conformers(sample(), 3).arrays["conformers"] for _ in range(2))
    np.testing.assert_array_equal(first["conformer_positions"], second["conformer_positions"])


def test_conformers_have_the_molecule_s_bonds_and_other_shapes() -> None:
    """The C-S bond keeps its length; the far carbon does not keep its place."""
    numbers, places = embed(PROPANETHIOL, 6)
    sulfur, carbons = int(np.flatnonzero(numbers == 16)[0]), np.flatnonzero(numbers == 6)
    distance = np.linalg.norm(places[:, carbons] - places[:, [sulfur]], axis=2)
    np.testing.assert_allclose(distance.min(axis=1), 1.82, atol=0.03)
    assert np.ptp(distance.max(axis=1)) > 0.3


@pytest.mark.parametrize(
    ("smiles", "why"),
    [("", "its SMILES"), ("not a molecule", "is no molecule"), ("CCCCS", "other atoms")],
)
def test_smiles_that_do_not_fit_are_refused(smiles: str, why: str) -> None:
    """Missing, broken or another molecule's."""
    given = sample()
    bad = Sample(given.id, given.arrays, metadata={"smiles": smiles})
    with pytest.raises(InputError, match=why):
        with_conformers(bad, 2)


def test_two_different_absorbers_are_refused_and_two_equal_ones_taken() -> None:
    """Which atom of the SMILES is meant must not matter."""
    with pytest.raises(InputError, match="2 atoms could be the absorber"):
        with_conformers(sample("CSSCC"), 1)
    assert with_conformers(sample("CSSC"), 1).arrays["conformers"]["conformer_numbers"].any()


def test_a_skeleton_is_the_same_however_the_molecule_is_written() -> None:
    """Order of atoms and stereochemistry do not count."""
    assert skeleton("SCCC") == skeleton("CCCS")
    assert skeleton("C[C@H](O)S") == skeleton("C[C@@H](O)S")
    assert skeleton("CCS") != skeleton("CCO")
    with pytest.raises(InputError, match="is no molecule"):
        molecule("C(")
