"""Radial distributions around the absorber, weighted by what the neighbours are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xmodkit.structures.elements import covalent_radii
from xmodkit.structures.periodic_table import groups

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

    from xmodkit_xes.study.rows import Floats

__all__ = ["Shells"]

_CENTRES = np.arange(1.4, 5.61, 0.2)  # Angstrom
_WIDTH, _CUTOFF = 0.2, 6.0
_WEIGHTS = ("number", "covalent radius", "group in the table")


class Shells:
    """Radial symmetry functions G2 (Behler and Parrinello 2007), each with three weights.

    g_w(R) = sum over neighbours of w(Z) exp(-(r-R)^2 / 2 s^2) f(r), s = 0.2 Angstrom and a cosine
    cut-off f at 6 Angstrom; w is 1, the covalent radius in Angstrom, or a tenth of the group, of
    which the sum's square root is taken. It suits crystals of many elements, for which a matrix
    of species would be nearly empty.
    """

    name = "shells"
    clip: float | None = 3.5
    names = tuple(f"{weight} at {centre:.1f} Å" for weight in _WEIGHTS for centre in _CENTRES)

    def __call__(self, numbers: NDArray[np.int32], positions: Floats) -> Floats:
        """Return (M, feature) of clusters (M, atom), (M, atom, xyz)."""
        distance = np.linalg.norm(positions[:, 1:] - positions[:, :1], axis=-1)
        present = (numbers[:, 1:] > 0) & (distance < _CUTOFF)
        fade = present * (np.cos(np.pi * np.minimum(distance / _CUTOFF, 1)) + 1) / 2
        near = np.exp(-((distance[..., None] - _CENTRES) ** 2) / (2 * _WIDTH**2))
        near *= fade[..., None]  # (M, atom, centre)
        kind = numbers[:, 1:]
        weights = (np.ones(kind.shape), covalent_radii()[kind], groups()[kind] / 10)
        sums = [np.einsum("ma,mac->mc", weight, near) for weight in weights]
        return np.asarray(np.sqrt(np.concatenate(sums, axis=1)))

    def draw(self, figure: SubFigure, vector: Floats) -> None:
        """Draw one curve over the distance for each weight."""
        from xmodkit.report.style import INK

        axes = figure.subplots()
        for weight, curve in zip(_WEIGHTS, vector.reshape(len(_WEIGHTS), -1), strict=True):
            axes.plot(_CENTRES, curve, label=weight)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set(xlabel="distance from the absorber / Å", ylabel="component of the unit vector")
        axes.set_ylim(top=axes.get_ylim()[1] + 0.4 * float(np.ptp(vector)))  # room for the legend
        axes.legend(title="neighbours weighted by", fontsize=7)
