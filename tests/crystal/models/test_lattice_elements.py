"""Elements become points of the periodic table, and come back."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from xmodkit.structures.elements import atomic_number  # noqa: E402
from xmodkit_crystal.models.lattice.elements import ElementCode  # noqa: E402

CODE = ElementCode()


def test_every_element_and_an_empty_slot_come_back():
    species = torch.arange(119).reshape(1, -1)
    assert torch.equal(CODE.decode(CODE.encode(species)), species.to(torch.int32))


def test_no_two_elements_share_a_place():
    assert torch.pdist(CODE.table).min() > 0.05


@pytest.mark.parametrize(
    ("names", "same"),
    [("He Ne Ar Kr Xe Rn Og", 1), ("Li Na K Cs", 1), ("V Nb Ta", 1), ("O S Se Te", 1),
     ("Sc Ti V Cr Fe Cu", 0), ("Hf Ta W Au Hg", 0)],
)  # fmt: skip
def test_groups_and_periods_are_those_of_the_periodic_table(names, same):
    numbers = torch.tensor([[atomic_number(name) for name in names.split()]])
    column = CODE.encode(numbers)[0, :, same]
    assert column.max() - column.min() < 1e-6


def test_between_two_elements_lies_one_of_their_kind():
    ends = CODE.encode(torch.tensor([[atomic_number("V"), atomic_number("Ta")]]))
    middle = CODE.decode(ends.mean(dim=1, keepdim=True))
    assert middle.item() == atomic_number("Nb")
