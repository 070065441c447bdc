"""A crystal brought to the symmetry that it nearly has, by spglib."""

from __future__ import annotations

from collections import Counter

import numpy as np

from xmodkit_crystal.chemistry.matching import Tolerances, match
from xmodkit_crystal.spglib_calls import spglib_found
from xmodkit_crystal.structure import Crystal

__all__ = ["symmetrized"]

# pymatgen's own: what lies farther off than this is another crystal, not the same one idealised.
_SAME = Tolerances(stol=0.3, ltol=0.2, angle_tol=5.0)


def symmetrized(crystal: Crystal, tolerance: float) -> Crystal:
    """Return a crystal in the primitive standard cell of the symmetry it has within `tolerance` A.

    Cell and positions are averaged over that symmetry and turned to spglib's setting (Togo,
    Shinohara and Tanaka, Sci. Technol. Adv. Mater. Methods 4, 2384822 (2024)). The crystal comes
    back as it is where no symmetry but P1 is found, where atoms would merge, and where the result
    would not match it. Raise `MissingExtraError` without spglib or pymatgen.
    """
    given = (crystal.cell, crystal.fractional, crystal.numbers)
    dataset = spglib_found("get_symmetry_dataset", given, tolerance)
    if dataset is None or len(dataset.rotations) == 1:  # one operation: P1, not even a translation
        return crystal
    standard = spglib_found("standardize_cell", given, True, False, tolerance)
    if standard is None:
        return crystal
    cell, fractional, numbers = standard
    found = Crystal(np.asarray(numbers, np.int64), np.mod(fractional, 1.0), np.asarray(cell, float))
    kept = _atoms_kept(crystal, found) and match(crystal, found, _SAME) is not None
    return found if kept else crystal


def _atoms_kept(crystal: Crystal, found: Crystal) -> bool:
    """Say whether a cell has as many atoms of each species in its volume as found in another's."""
    times = round(crystal.volume / found.volume)
    counts = Counter(found.numbers.tolist())
    return Counter(crystal.numbers.tolist()) == {one: times * n for one, n in counts.items()}
