"""Crystals as the arrays of their modality, and back."""

from __future__ import annotations

import numpy as np

from xmodkit.modality import Array, Arrays
from xmodkit_crystal.structure import Crystal

__all__ = ["to_arrays", "to_crystal"]


def to_arrays(crystal: Crystal) -> dict[str, Array]:
    """Return the fields of CRYSTAL: `numbers` (n,), `fractional` (n, 3), `cell` (3, 3) in A."""
    return {
        "numbers": crystal.numbers.astype(np.int32),
        "fractional": crystal.fractional.astype(np.float32),
        "cell": crystal.cell.astype(np.float32),
    }


def to_crystal(arrays: Arrays) -> Crystal:
    """Return the crystal that the fields of CRYSTAL describe; atoms of number 0 only pad."""
    numbers = np.asarray(arrays["numbers"], np.int64)
    atoms = numbers > 0
    fractional = np.asarray(arrays["fractional"], np.float64)
    return Crystal(numbers[atoms], fractional[atoms], np.asarray(arrays["cell"], np.float64))
