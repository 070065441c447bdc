"""All descriptions of one crystal, and a number that tells them apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from xmodkit_crystal.geometry.settings import reduced_settings
from xmodkit_crystal.structure import Crystal

__all__ = ["Descriptions", "descriptions"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Descriptions:
    """One crystal in d cells: metric tensors (d, 3, 3) in A^2, positions (d, n, 3), numbers (n,).

    An atom has the same index in all of them.
    """

    numbers: NDArray[np.int64]
    metrics: Floats
    fractional: Floats

    def score(self) -> Floats:
        """Return one number per description (d,): equal for congruent ones, else different.

        A sum over atoms of a smooth function of the cell that has no symmetry at all, times a
        weight of the species: it takes no sorting and varies with rounding noise by no more than
        that noise.
        """
        waves, phases, weights = _landscape()
        heights = np.cos(2 * np.pi * (self.fractional @ waves.T + phases)) @ weights
        return np.asarray(heights @ np.sqrt(self.numbers))

    def displacements(self, here: int, there: int) -> Floats:
        """Return the vectors (n, 3), fractional, from atoms of one description to another's.

        To the nearest of the same species each.
        """
        apart = self.fractional[there] - self.fractional[here][:, None]  # (n here, n there, 3)
        apart -= np.rint(apart)
        squared = np.einsum("nmi,ij,nmj->nm", apart, self.metrics[here], apart)
        squared[self.numbers[:, None] != self.numbers] = np.inf
        return np.asarray(apart[np.arange(len(apart)), squared.argmin(axis=1)])


def descriptions(crystal: Crystal, tolerance: float) -> Descriptions:
    """Return a crystal (Niggli-reduced) in all equally reduced cells, on each possible origin.

    Origins are the atoms of the rarest species (the lightest of equally rare ones); cells are
    right-handed, so mirror images stay apart.
    """
    metric = crystal.cell @ crystal.cell.T
    changes = reduced_settings(metric, tolerance)
    counts = Counter(crystal.numbers.tolist())
    rarest = min(counts, key=lambda number: (counts[number], number))
    origins = crystal.fractional[crystal.numbers == rarest]
    shifted = crystal.fractional - origins[:, None]  # (origins, n, 3)
    fractional = shifted @ np.linalg.inv(changes)[:, None]  # (changes, origins, n, 3)
    metrics = changes @ metric @ changes.swapaxes(1, 2)
    return Descriptions(
        crystal.numbers,
        np.repeat(metrics, len(origins), axis=0),
        fractional.reshape(-1, len(crystal), 3),
    )


@cache
def _landscape() -> tuple[Floats, Floats, Floats]:
    """Return wave vectors (w, 3), phases (w,) and weights (w,) of a function without symmetry.

    Multiples of the golden ratio modulo 1 never repeat; long waves weigh most.
    """
    every = np.array(list(product(range(-2, 3), repeat=3)), float)
    waves = every[len(every) // 2 + 1 :]  # the other half are their negatives
    order = np.arange(1, len(waves) + 1)
    golden = (np.sqrt(5) - 1) / 2
    weights = (1 + np.mod(order * golden**2 * np.sqrt(2), 1)) / (waves**2).sum(1)
    return waves, np.mod(order * golden, 1), weights
