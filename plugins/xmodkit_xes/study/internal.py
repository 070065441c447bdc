"""Internal coordinates of a triatomic molecule around its central, absorbing atom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xmodkit.structures.elements import symbol

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

    from xmodkit_xes.study.rows import Floats

__all__ = ["InternalCoordinates"]


class InternalCoordinates:
    """The two bonds in Angstrom, the shorter first, and the angle between them in degrees."""

    name = "internal"
    clip: float | None = None

    def __init__(self, numbers: NDArray[np.int32]) -> None:
        centre, one, other = (symbol(int(number)) for number in numbers[0, :3])
        short, long = f"short {centre}-{one}", f"long {centre}-{other}"
        self.names: tuple[str, ...] = (
            f"{short} / Å",
            f"{long} / Å",
            f"angle {one}-{centre}-{other} / degrees",
        )

    def __call__(self, numbers: NDArray[np.int32], positions: Floats) -> Floats:
        """Return (M, 3) of clusters whose atoms are sorted by distance from atom 0."""
        bonds = positions[:, 1:3] - positions[:, :1]
        lengths = np.linalg.norm(bonds, axis=-1)
        cosine = (bonds[:, 0] * bonds[:, 1]).sum(axis=-1) / lengths.prod(axis=-1)
        angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
        return np.column_stack([np.sort(lengths, axis=1), angle])

    def draw(self, figure: SubFigure, vector: Floats) -> None:
        """Draw a bar on each coordinate."""
        from xmodkit.report.style import BLUE, INK

        axes = figure.subplots()
        names = [name.partition(" / ")[0] for name in self.names]
        axes.bar(names, vector, color=BLUE, width=0.6)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_ylim(-1.05, 1.05)
        axes.set_ylabel("component of the unit vector")
