"""Which elements can stand on the sites of a structure type, and the crystal that this makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from xmodkit_crystal.chemistry.bond_valence import scaled
from xmodkit_crystal.chemistry.contacts import is_nonmetal
from xmodkit_crystal.chemistry.oxidation import oxidation_sum
from xmodkit_crystal.simulator.prototypes import Prototype
from xmodkit_crystal.structure import Crystal

__all__ = ["Substitution", "substitutions"]


@dataclass(frozen=True, eq=False)
class Substitution:
    """A structure type with an element, by its atomic number, in place of each of its ions."""

    prototype: Prototype
    elements: tuple[int, ...]

    @cached_property
    def crystal(self) -> Crystal:
        """The type with these elements and bonds as long as they ask for: shape and places stay."""
        sites = self.prototype.sites
        return scaled(Crystal(_put(self.prototype, self.elements), sites.fractional, sites.cell))


def substitutions(prototype: Prototype, elements: Sequence[int]) -> Iterator[Substitution]:
    """Yield the ways to put two or more of some elements on a type's sites.

    Metals take the cations' sites and nonmetals the anions', or the other way round; oxidation
    states must balance. If all elements are metals (or nonmetals), any of them may stand anywhere.
    """
    metals = tuple(number for number in elements if not is_nonmetal(np.array(number)))
    others = tuple(number for number in elements if number not in metals)
    ways = {(metals, others), (others, metals)}
    if not metals or not others:
        ways = {(tuple(elements), tuple(elements))}
    for on_cations, on_anions in sorted(ways):
        choices = (on_cations if ion.charge > 0 else on_anions for ion in prototype.ions)
        for chosen in product(*choices):
            if len(set(chosen)) > 1 and oxidation_sum(_put(prototype, chosen)) == 0:
                yield Substitution(prototype, chosen)


def _put(prototype: Prototype, elements: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the atomic numbers (n,) of a type's sites with an element for each ion."""
    return np.asarray(elements, np.int64)[prototype.sites.numbers - 1]
