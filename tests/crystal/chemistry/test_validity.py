"""A crystal is judged, and each thing that is wrong with it is one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_crystal.chemistry.validity import judge
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")
pytest.importorskip("pymatgen")


@pytest.mark.parametrize("name", ["VO", "VO2(R)", "VO2(M1)", "VO2(B)", "V2O3", "V2O3(M)", "V2O5"])
def test_known_phases_are_valid(name: str) -> None:
    judged = judge(known_crystals()[name])
    assert judged.valid, judged.reasons
    assert judged.oxidation_sum == 0


def changed(**values: np.ndarray) -> Crystal:
    rutile = known_crystals()["VO2(R)"]
    parts = {"numbers": rutile.numbers, "fractional": rutile.fractional, "cell": rutile.cell}
    return Crystal(**{**parts, **values})


def strained(*diagonal: float) -> np.ndarray:
    return known_crystals()["VO2(R)"].cell @ np.diag(diagonal)


SQUEEZED = np.array([[4.5, 0, 0], [4.4, 0.8, 0], [0, 0, 3.0]])


@pytest.mark.parametrize(
    ("crystal", "says"),
    [
        (Crystal(np.array([], int), np.zeros((0, 3)), np.eye(3)), "no atoms"),
        (changed(cell=np.full((3, 3), np.nan)), "not finite"),
        (changed(fractional=np.full((6, 3), np.inf)), "not finite"),
        (changed(cell=np.zeros((3, 3))), "edges of 0, 0, 0 A"),
        (changed(cell=strained(1, 1, 0.2)), "edges of"),
        (changed(cell=SQUEEZED), "angles of"),
        (changed(cell=strained(3, 3, 3)), "A^3 per atom"),
        (changed(cell=strained(0.6, 0.6, 0.7)), "A^3 per atom"),
        (changed(numbers=np.array([8, 8, 23, 23, 23, 23])), "sum to +4 at best"),
    ],
)
def test_what_is_wrong_is_said(crystal: Crystal, says: str) -> None:
    judged = judge(crystal)
    assert not judged.valid
    assert any(says in reason for reason in judged.reasons), judged.reasons
    assert all(reason.endswith(".") and "\n" not in reason for reason in judged.reasons)


def test_atoms_that_are_too_near_are_named_with_their_distance() -> None:
    """The nearest pair of each two species stands for all."""
    given = changed(
        fractional=known_crystals()["VO2(R)"].fractional
        + np.array([[0.2, 0.2, 0]] + [[0, 0, 0]] * 5)
    )
    (reason,) = judge(given).reasons
    assert reason.startswith("O and V are 0.")
    assert reason.endswith("at least 1.20 A expected.")


def test_an_atom_too_near_its_own_image_is_too_near() -> None:
    thin = Crystal(np.array([23]), np.zeros((1, 3)), np.diag([1.55, 5.0, 5.0]))
    assert "V and V are 1.55 A apart, at least 1.60 A expected." in judge(thin).reasons
