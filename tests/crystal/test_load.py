"""`xmodkit.load` takes the objects of other libraries, and what comes back becomes a crystal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pymatgen")
pytest.importorskip("spglib")
pytest.importorskip("ase")

import xmodkit
from xmodkit.errors import InputError
from xmodkit_crystal.chemistry.matching import match
from xmodkit_crystal.chemistry.symmetry import space_group
from xmodkit_crystal.convert import to_atoms, to_pymatgen
from xmodkit_crystal.decode import predicted_crystals
from xmodkit_crystal.simulator.known import known_crystals


def test_structures_of_pymatgen_and_ase_are_predicted_alike(tiny_models: Mapping[str, Path]):
    crystal = known_crystals()["VO2(R)"]
    predict = xmodkit.load(tiny_models["crystal:latent"])
    found = [predict(given) for given in (crystal, to_pymatgen(crystal), to_atoms(crystal))]
    latents = [one.fields["latent"].value for one in found]
    assert latents[0].ndim == 1
    for latent in latents[1:]:
        np.testing.assert_allclose(latent, latents[0], atol=1e-4)


def test_a_list_of_structures_is_a_batch_and_crystals_come_back(tiny_models: Mapping[str, Path]):
    crystals = [known_crystals()[name] for name in ("VO", "V2O3")]
    predict = xmodkit.load(tiny_models["crystal:crystal"])
    back = predicted_crystals(predict([to_pymatgen(one) for one in crystals]), predict)
    for crystal, again in zip(crystals, back, strict=True):
        assert again is not None
        assert match(crystal, again) is not None
    (alone,) = predicted_crystals(predict(to_atoms(crystals[0])), predict.predictor)
    assert alone is not None
    assert match(crystals[0], alone) is not None


def test_what_is_loaded_with_symmetrize_gives_crystals_with_their_symmetry():
    """By the shipped model, corundum comes back some hundredths of an angstrom off."""
    corundum = to_pymatgen(known_crystals()["V2O3"])
    found = {}
    for tolerance in (None, 0.2):
        predict = xmodkit.load("crystal", route="crystal:crystal", symmetrize=tolerance)
        (crystal,) = predicted_crystals(predict(corundum), predict)
        assert crystal is not None
        found[tolerance] = space_group(crystal, 0.01).symbol
    assert found == {None: "P1", 0.2: "R-3c"}


@pytest.mark.parametrize("given", ["mine/VO.cif", None, 7])
def test_what_is_no_structure_is_named_and_what_is_taken_is_told(
    given: object, tiny_models: Mapping[str, Path]
):
    predict = xmodkit.load(tiny_models["crystal:latent"])
    for wrong in (given, [given]):
        with pytest.raises(InputError, match=f"{type(given).__name__} given; .*ase.io.read"):
            predict(wrong)


def test_what_does_not_fit_is_refused(tiny_models: Mapping[str, Path]):
    large = to_atoms(known_crystals()["VO"]).repeat((5, 1, 1))
    large.set_cell(large.cell * [1, 3, 1], scale_atoms=False)
    with pytest.raises(InputError, match=r"edge|atoms"):
        xmodkit.load(tiny_models["crystal:latent"])(large)
