"""How large the cell of a generated crystal is: latents tell it of the elements they come from."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from xmodkit_crystal.chemistry.bond_valence import scaled
from xmodkit_crystal.structure import Crystal

__all__ = ["sized"]

_FLAT_A3 = 1e-3
# Edges of cells of other elements are 0.7 (BeO) to 1.8 (CsI) times those of V and O: beyond this,
# two atoms lie on each other.
_MOST = 3.0


def sized(crystal: Crystal, usual: Collection[int]) -> Crystal:
    """Return a decoded crystal with its cell scaled to its elements, shape and places kept.

    Bonds get as long as their valences ask (`bond_valence.scaled`). Comes back as it is: a crystal
    of no elements but `usual`, those of which the crystals are that latents are drawn among, and
    one for which no sensible size is found. Raise `MissingExtraError` without pymatgen or spglib.
    """
    finite = np.isfinite(crystal.cell).all() and np.isfinite(crystal.fractional).all()
    if set(crystal.species) <= set(usual) or not finite or crystal.volume < _FLAT_A3:
        return crystal
    found = scaled(crystal)
    factor = (found.volume / crystal.volume) ** (1 / 3)
    return found if 1 / _MOST < factor < _MOST else crystal
