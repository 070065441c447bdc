"""Whether a crystal can be one at all: a cell, distances and oxidation states that make sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xmodkit.structures.elements import covalent_radii, symbol
from xmodkit_crystal.chemistry.contacts import limits
from xmodkit_crystal.chemistry.distances import separations
from xmodkit_crystal.chemistry.oxidation import oxidation_states, oxidation_sum
from xmodkit_crystal.structure import Crystal

__all__ = ["Validity", "judge"]

_ANGLES_DEGREES = (20.0, 160.0)
_LENGTHS_A = (1.5, 40.0)
# Volume of a cell over that of its atoms as spheres of covalent radii: 0.92 to 8.5 for 99 % of
# 1,584 crystals of OmniXAS, 1.0 (VO) to 2.5 (V2O5) for oxides of vanadium.
_PACKING = (0.6, 12.0)


@dataclass(frozen=True)
class Validity:
    """What is wrong with a crystal, a sentence each (none: it is valid), and its oxidation sum."""

    reasons: tuple[str, ...]
    oxidation_sum: float = float("nan")

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.reasons


def judge(crystal: Crystal) -> Validity:
    """Judge a crystal: finite, a cell that is not deformed, no atoms too near, states balanced.

    A crystal without finite numbers or with a deformed cell is judged no further.
    """
    broken = tuple(_broken(crystal))
    if broken:
        return Validity(broken)
    total = oxidation_sum(crystal.numbers)
    return Validity((*_overlaps(crystal), *_unbalanced(crystal, total)), total)


def _broken(crystal: Crystal) -> Iterator[str]:
    if not len(crystal):
        yield "It has no atoms."
        return
    if not (np.isfinite(crystal.cell).all() and np.isfinite(crystal.fractional).all()):
        yield "Its cell or positions are not finite."
        return
    lengths, volume = crystal.lengths, crystal.volume
    if lengths.min() < _LENGTHS_A[0] or lengths.max() > _LENGTHS_A[1]:
        yield (
            f"Its cell is deformed: edges of {_listed(lengths)} A, "
            f"{_LENGTHS_A[0]:g} to {_LENGTHS_A[1]:g} A expected."
        )
        return
    angles = crystal.angles
    if angles.min() < _ANGLES_DEGREES[0] or angles.max() > _ANGLES_DEGREES[1]:
        yield (
            f"Its cell is deformed: angles of {_listed(angles)} degrees, "
            f"{_ANGLES_DEGREES[0]:g} to {_ANGLES_DEGREES[1]:g} degrees expected."
        )
        return
    spheres = float((4 / 3 * np.pi * covalent_radii()[crystal.numbers] ** 3).sum())
    if not _PACKING[0] <= volume / spheres <= _PACKING[1]:
        yield (
            f"Its cell has {volume / len(crystal):.3g} A^3 per atom, "
            f"{_PACKING[0] * spheres / len(crystal):.3g} to "
            f"{_PACKING[1] * spheres / len(crystal):.3g} A^3 expected of its elements."
        )


def _overlaps(crystal: Crystal) -> Iterator[str]:
    """Yield a sentence on each pair of species that is too near, of its nearest pair."""
    distance, least = separations(crystal), limits(crystal.numbers)
    near = np.argwhere(np.triu(distance < least))
    worst: dict[tuple[int, ...], tuple[float, float]] = {}
    for first, second in near:
        pair = tuple(sorted((int(crystal.numbers[first]), int(crystal.numbers[second]))))
        found = (float(distance[first, second]), float(least[first, second]))
        worst[pair] = min(worst.get(pair, found), found)
    for (first, second), (found_a, expected) in sorted(worst.items()):
        yield (
            f"{symbol(first)} and {symbol(second)} are {found_a:.2f} A apart, "
            f"at least {expected:.2f} A expected."
        )


def _unbalanced(crystal: Crystal, total: float) -> Iterator[str]:
    if total == 0:
        return
    counts = Counter(crystal.numbers.tolist())
    ranges = oxidation_states(counts)
    states = ", ".join(
        f"{symbol(number)} {least:+g}" + ("" if least == most else f" to {most:+g}")
        for number, (least, most) in sorted(ranges.items())
    )
    yield f"Its oxidation states do not balance: with {states} they sum to {total:+g} at best."


def _listed(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
