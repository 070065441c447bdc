"""What the shipped model generates: elements take the places of those that are like them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ase")
pytest.importorskip("pymatgen")

from xmodkit.pair import Options, Sample
from xmodkit_crystal.chemistry.cif import cif_text
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.structure import Crystal

PAIR = CrystalPair()
ROUTE = PAIR.route("latent:crystal")
_FLUORITE = np.array([[0, 0, 0], [0.25, 0.25, 0.25], [0.75, 0.75, 0.75]])
_FCC = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
F, NA, S, CL, CA = 9, 11, 16, 17, 20


def generated(options: Options) -> list[Sample]:
    predictor = PAIR.predictor(ROUTE, PAIR.model_file(ROUTE, {}), "cpu", {})
    return list(PAIR.generate(predictor, 0, options).samples)


def share_of(element: int, samples: list[Sample]) -> float:
    """Return the mean share of an element in crystals."""
    crystals = [to_crystal(sample.arrays["crystal"]) for sample in samples]
    return float(np.mean([(crystal.numbers == element).mean() for crystal in crystals]))


def test_chlorine_takes_the_places_of_oxygen():
    """In V-O crystals there is more O than V; Cl comes after Na, and O before V."""
    assert share_of(8, generated({"n": 24})) > 0.55
    assert share_of(CL, generated({"n": 24, "elements": "Na,Cl"})) > 0.55


def test_anions_stay_anions_on_the_way_between_fluorite_and_antifluorite(tmp_path: Path):
    """F comes before Ca, but S after Na: at the end of the way Na2S is what it was."""
    ends = {
        "CaF2": Crystal(np.array([CA, F, F]), _FLUORITE, 5.46 * _FCC),
        "Na2S": Crystal(np.array([S, NA, NA]), _FLUORITE, 6.54 * _FCC),
    }
    for name, crystal in ends.items():
        (tmp_path / f"{name}.cif").write_text(cif_text(crystal, name))
    files = tuple(tmp_path / f"{name}.cif" for name in ends)
    samples = generated({"n": 19, "between": files, "elements": "Na,S"})
    by_share = {sample.metadata["share"]: sample for sample in samples}
    assert by_share[min(by_share)].metadata["formula"] == "NaS2"  # where CaF2 is
    last = by_share[max(by_share)]
    assert last.metadata["formula"] == "Na2S"
    assert last.metadata["nearest"] == "Na2S"
