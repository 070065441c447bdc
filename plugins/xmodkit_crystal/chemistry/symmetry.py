"""Space groups, by spglib."""

from __future__ import annotations

from dataclasses import dataclass

from xmodkit_crystal.spglib_calls import spglib_found
from xmodkit_crystal.structure import Crystal

__all__ = ["SpaceGroup", "space_group"]


@dataclass(frozen=True)
class SpaceGroup:
    """A space group: its number in the International Tables, and its short symbol."""

    number: int
    symbol: str


def space_group(crystal: Crystal, tolerance: float = 0.1) -> SpaceGroup:
    """Return the space group that a crystal has if atoms may be moved by `tolerance` A.

    P1 where spglib finds none. Decoded crystals are not exact: 0.1 A is what databases of
    calculated structures take, 0.01 A fits measured ones. Raise `MissingExtraError` without
    spglib.
    """
    cell = (crystal.cell, crystal.fractional, crystal.numbers)
    found = spglib_found("get_symmetry_dataset", cell, tolerance)
    return SpaceGroup(1, "P1") if found is None else SpaceGroup(found.number, found.international)
