"""What the numbers of a latent vector are: where a crystal lies, then which elements it is of."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from xmodkit.structures.elements import LAST_ELEMENT
from xmodkit_crystal.modalities import SLOTS

__all__ = ["parted", "slots_of"]

Floats = NDArray[np.float64]


def parted(latent: NDArray[np.floating]) -> tuple[Floats, tuple[int, ...]]:
    """Return z (k,) of a latent vector, and the atomic numbers that end it, without zeros.

    The last five numbers are those of the slots. Where they cannot be, all of the vector is z:
    its model keeps the elements in another way.
    """
    vector = np.asarray(latent, np.float64)
    last = vector[-SLOTS:]
    numbers = tuple(int(number) for number in last if number > 0)
    whole = (last == np.rint(last)).all() and (last >= 0).all() and (last <= LAST_ELEMENT).all()
    if vector.size <= SLOTS or not whole or not numbers:
        return vector, ()
    return vector[:-SLOTS], numbers


def slots_of(species: Iterable[int]) -> Floats:
    """Return atomic numbers as they end a latent vector (5,): ascending, then zeros."""
    numbers = sorted(set(species))
    return np.array([*numbers, *[0] * (SLOTS - len(numbers))], float)
