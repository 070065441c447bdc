"""Which crystals are the same, by pymatgen's StructureMatcher: duplicates, nearest known ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from xmodkit.errors import MissingExtraError
from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.convert import to_pymatgen
from xmodkit_crystal.structure import Crystal

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["PUBLISHED", "Known", "Nearest", "Tolerances", "groups", "match", "unique"]


@dataclass(frozen=True)
class Tolerances:
    """How much two crystals may differ and match: pymatgen's tolerances.

    `stol` is the greatest root mean square displacement over (volume per atom)^(1/3), `ltol` the
    share by which edges may differ, `angle_tol` by how many degrees angles may.
    """

    stol: float = 0.5
    ltol: float = 0.3
    angle_tol: float = 10.0


PUBLISHED = Tolerances()  # as in Xie et al., CDVAE, ICLR 2022, and what is compared with it


@dataclass(frozen=True)
class Nearest:
    """The nearest of some known crystals: its index, and the normalised rms displacement to it."""

    index: int
    rms: float


def match(a: Crystal, b: Crystal, tolerances: Tolerances = PUBLISHED) -> float | None:
    """Return the root mean square displacement between two crystals, None if they do not match.

    It is over (volume per atom)^(1/3), and both are scaled to one volume and reduced to primitive
    cells first. Raise `MissingExtraError` without pymatgen.
    """
    return _rms(_Candidate.of(a), _Candidate.of(b), tolerances)


def groups(
    crystals: Sequence[Crystal], tolerances: Tolerances = PUBLISHED
) -> list[tuple[int, ...]]:
    """Return the indices of crystals, those that match the first of a group together.

    Groups are in the order of their first crystals. Only crystals with one reduced formula and
    one number of atoms in the primitive cell are compared: others never match.
    """
    found: list[list[int]] = []
    firsts: dict[_Key, list[tuple[_Candidate, list[int]]]] = {}
    for index, crystal in enumerate(crystals):
        candidate = _Candidate.of(crystal)
        alike = firsts.setdefault(candidate.key, [])
        for first, members in alike:
            if _rms(first, candidate, tolerances) is not None:
                members.append(index)
                break
        else:
            members = [index]
            alike.append((candidate, members))
            found.append(members)
    return [tuple(members) for members in found]


def unique(crystals: Sequence[Crystal], tolerances: Tolerances = PUBLISHED) -> list[int]:
    """Return the indices of the crystals that match none before them."""
    return [members[0] for members in groups(crystals, tolerances)]


class Known:
    """Known crystals, prepared once, among which the nearest to others is looked up."""

    def __init__(self, crystals: Iterable[Crystal], tolerances: Tolerances = PUBLISHED) -> None:
        self.tolerances = tolerances
        self._by_key: dict[_Key, list[tuple[int, _Candidate]]] = {}
        for index, crystal in enumerate(crystals):
            candidate = _Candidate.of(crystal)
            self._by_key.setdefault(candidate.key, []).append((index, candidate))

    def nearest(self, crystal: Crystal) -> Nearest | None:
        """Return the known crystal with the least displacement, None if none matches."""
        candidate = _Candidate.of(crystal)
        found = (
            (_rms(known, candidate, self.tolerances), index)
            for index, known in self._by_key.get(candidate.key, ())
        )
        best = min(((rms, index) for rms, index in found if rms is not None), default=None)
        return None if best is None else Nearest(best[1], best[0])


_Key = tuple[str, int]


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A crystal in a primitive cell as pymatgen has it, and what must be equal for a match."""

    structure: Structure
    key: _Key = field(repr=False)

    @classmethod
    def of(cls, crystal: Crystal) -> _Candidate:
        # As the matcher does before it compares: done once here, not once per comparison.
        structure = to_pymatgen(crystal).get_reduced_structure("niggli").get_primitive_structure()
        # Not pymatgen's formula: it sorts by electronegativity, and warns of elements without.
        formula = reduced_formula(np.array(structure.atomic_numbers))
        return cls(structure, (formula, len(structure)))


def _rms(a: _Candidate, b: _Candidate, tolerances: Tolerances) -> float | None:
    if a.key != b.key:
        return None
    found = _matcher(tolerances).get_rms_dist(a.structure, b.structure)
    return None if found is None else float(found[0])


@cache
def _matcher(tolerances: Tolerances) -> Any:
    try:
        from pymatgen.analysis.structure_matcher import StructureMatcher
    except ImportError as error:
        raise MissingExtraError("comparing crystals", "pymatgen", "crystal") from error
    return StructureMatcher(
        ltol=tolerances.ltol,
        stol=tolerances.stol,
        angle_tol=tolerances.angle_tol,
        primitive_cell=False,
    )
