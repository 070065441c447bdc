"""The Coulomb matrix of a cluster, its rows in the order of species, then of distance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from xmodkit.structures.elements import symbol

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

    from xmodkit_xes.study.rows import Floats

__all__ = ["CoulombMatrix"]

_COMMON = 0.02  # of the training clusters: slots that fewer of them fill are left out


@dataclass(frozen=True)
class CoulombMatrix:
    """The upper triangle of a Coulomb matrix (Rupp et al. 2012) around an absorber.

    C_ii = Z^2.4 / 2 and C_ij = Z_i Z_j / |R_i - R_j|, in e^2 per Angstrom. Row 0 is the absorber;
    each further row is a slot: the n-th nearest atom of one element among the nearest `neighbours`.
    So a row means the same in every cluster; where there is no such atom, its entries are 0.
    """

    absorber: int
    slots: tuple[tuple[int, int], ...]  # atomic number, rank of distance among its like
    neighbours: int  # how many are looked at
    name: ClassVar[str] = "coulomb"
    clip: ClassVar[float | None] = 3.5

    @classmethod
    def of(cls, numbers: NDArray[np.int32], neighbours: int) -> CoulombMatrix:
        """Return the descriptor with the slots that training clusters (M, atom) fill."""
        near = numbers[:, 1 : neighbours + 1]
        least = max(_COMMON * len(near), 1)
        slots = [
            (int(element), rank)
            for element in np.unique(near[near > 0])
            for rank in range(near.shape[1])
            if ((near == element).sum(axis=1) > rank).sum() >= least
        ]
        ordered = sorted(slots, key=lambda slot: (-slot[0], slot[1]))
        return cls(int(numbers[0, 0]), tuple(ordered), neighbours)

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The rows' names: the absorber, and element with rank: `O2`."""
        named = (f"{symbol(number)}{rank + 1}" for number, rank in self.slots)
        return (f"{symbol(self.absorber)}*", *named)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the features: `S*-O2`, or `O2` on the diagonal."""
        i, j = self._triangle
        return tuple(
            self.rows[a] if a == b else f"{self.rows[a]}-{self.rows[b]}"
            for a, b in zip(i, j, strict=True)
        )

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The classes of equal features: the pair of elements, and whether one of them absorbs."""
        kinds = [f"{symbol(self.absorber)}*", *(symbol(number) for number, _ in self.slots)]
        i, j = self._triangle
        return tuple(
            kinds[a] if a == b else f"{kinds[a]}-{kinds[b]}" for a, b in zip(i, j, strict=True)
        )

    def __call__(self, numbers: NDArray[np.int32], positions: Floats) -> Floats:
        """Return (M, feature) of clusters (M, atom), (M, atom, xyz), sorted by distance."""
        charges, places = self._placed(numbers, positions)
        distance = np.linalg.norm(places[:, :, None] - places[:, None], axis=-1)
        i, j = self._triangle
        product = charges[:, i] * charges[:, j]
        between = np.where((i != j) & (product > 0), distance[:, i, j], 1.0)
        with np.errstate(divide="ignore"):  # atoms on each other: not finite, refused later
            return np.where(i == j, 0.5 * charges[:, i] ** 2.4, product / between)

    def draw(self, figure: SubFigure, vector: Floats) -> None:
        """Draw the vector as the matrix it belongs to, and its mean over classes beside it."""
        from xmodkit.report.style import BLUE, INK

        matrix, bars = figure.subplots(1, 2, width_ratios=(1.5, 1))
        picture = np.zeros((len(self.rows),) * 2)
        picture[self._triangle] = vector
        picture.T[self._triangle] = vector
        most = float(np.abs(vector).max()) or 1.0
        shown = matrix.imshow(picture, cmap="RdBu_r", vmin=-most, vmax=most)
        matrix.grid(visible=False)
        size = 7 if len(self.rows) <= 24 else 5
        matrix.set_xticks(range(len(self.rows)), self.rows, rotation=90, fontsize=size)
        matrix.set_yticks(range(len(self.rows)), self.rows, fontsize=size)
        figure.colorbar(shown, ax=matrix, shrink=0.8, label="component of the unit vector")
        means = self._class_means(vector)
        bars.barh(list(means), list(means.values()), color=BLUE)
        bars.axvline(0, color=INK, linewidth=0.8)
        bars.invert_yaxis()
        bars.tick_params(axis="y", labelsize=7)
        bars.set_xlabel("mean over the class")

    def _class_means(self, vector: Floats) -> dict[str, float]:
        """Return the means of the classes in which the vector has most weight, largest first."""
        of = np.array(self.classes)
        means = {kind: float(vector[of == kind].mean()) for kind in dict.fromkeys(self.classes)}
        leading = sorted(means, key=lambda kind: -abs(means[kind]))[:14]
        return {kind: means[kind] for kind in leading}

    @cached_property
    def _triangle(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        i, j = np.triu_indices(len(self.slots) + 1)
        return i, j

    def _placed(self, numbers: NDArray[np.int32], positions: Floats) -> tuple[Floats, Floats]:
        """Return charges (M, row) and positions (M, row, xyz) of the matrix's rows."""
        until = self.neighbours + 1
        near, where = numbers[:, 1:until], positions[:, 1:until]
        charges = np.zeros((len(numbers), len(self.slots) + 1))
        places = np.zeros((*charges.shape, 3))
        charges[:, 0], places[:, 0] = numbers[:, 0], positions[:, 0]
        for row, (element, rank) in enumerate(self.slots, start=1):
            like = near == element
            cluster, atom = np.nonzero(like & (like.cumsum(axis=1) == rank + 1))
            charges[cluster, row] = element
            places[cluster, row] = where[cluster, atom]
        return charges, places
