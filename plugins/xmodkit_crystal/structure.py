"""A crystal structure as arrays: what every part of this plugin passes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Crystal"]


@dataclass(frozen=True, eq=False)
class Crystal:
    """Atoms of a cell: atomic numbers (n,), fractional positions (n, 3), rows a, b, c (3, 3), A."""

    numbers: NDArray[np.int64]
    fractional: NDArray[np.float64]
    cell: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def cartesian(self) -> NDArray[np.float64]:
        """Positions in A (n, 3)."""
        return self.fractional @ self.cell

    @cached_property
    def lengths(self) -> NDArray[np.float64]:
        """Lengths of a, b and c in A."""
        return np.asarray(np.linalg.norm(self.cell, axis=1))

    @cached_property
    def angles(self) -> NDArray[np.float64]:
        """Angles alpha, beta and gamma in degrees."""
        unit = self.cell / self.lengths[:, None]
        cosines = np.einsum("ij,ij->i", unit[[1, 2, 0]], unit[[2, 0, 1]])
        return np.asarray(np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0))))

    @cached_property
    def volume(self) -> float:
        """Volume of the cell in A^3."""
        return float(abs(np.linalg.det(self.cell)))

    @cached_property
    def species(self) -> tuple[int, ...]:
        """Atomic numbers that occur, ascending."""
        return tuple(sorted(Counter(self.numbers.tolist())))
