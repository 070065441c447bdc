"""Crystals as arrays of equal shape for training: padded atoms, from which images are drawn."""

from __future__ import annotations

import numpy as np

from xmodkit.modality import Array
from xmodkit_crystal.modalities import SLOTS
from xmodkit_crystal.structure import Crystal

__all__ = ["padded"]


def padded(crystal: Crystal, most_atoms: int) -> dict[str, Array]:
    """Return a crystal that fits the images as arrays that do not depend on its size.

    `cell` (3, 3) in A; `positions` (most_atoms, 3) in A from the atoms' mean; `slots` (most_atoms)
    the place of each atom's species, -1 of none; `species` (5,) atomic numbers ascending, then 0.
    """
    atoms, known = len(crystal), crystal.species
    positions = np.zeros((most_atoms, 3), np.float32)
    positions[:atoms] = crystal.cartesian - crystal.cartesian.mean(axis=0)
    slots = np.full(most_atoms, -1, np.int64)
    slots[:atoms] = np.searchsorted(known, crystal.numbers)
    species = np.zeros(SLOTS, np.int32)
    species[: len(known)] = known
    return {
        "cell": crystal.cell.astype(np.float32),
        "positions": positions,
        "slots": slots,
        "species": species,
    }
