"""What a descriptor of the study is, and the choice among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError, UsageError

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

    from xmodkit_xes.study.rows import Floats

__all__ = ["DESCRIPTORS", "Descriptor", "Standard", "descriptor"]

DESCRIPTORS = ("internal", "coulomb", "shells")
_CONSTANT = 1e-6  # of a feature's size: what varies less is constant, or rounding


class Descriptor(Protocol):
    """Named features of clusters, and a picture of a vector in their space."""

    @property
    def name(self) -> str:
        """What `--descriptor` calls it."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, with units behind ` / ` where they have one."""
        ...

    @property
    def clip(self) -> float | None:
        """At how many standard deviations features are cut, as some are rare; None: nowhere."""
        ...

    def __call__(self, numbers: NDArray[np.int32], positions: Floats) -> Floats:
        """Return features (M, feature) of clusters (M, atom) and (M, atom, xyz)."""
        ...

    def draw(self, figure: SubFigure, vector: Floats) -> None:
        """Draw a vector (feature,) of standardised features."""
        ...


class Standard:
    """Features with mean 0 and variance 1 over the training rows; constant ones are 0."""

    def __init__(self, training: Floats, clip: float | None) -> None:
        if not np.isfinite(training).all():
            raise DataError("features are not finite: two atoms lie on each other; check positions")
        self.clip = clip
        self.mean, spread = training.mean(axis=0), training.std(axis=0)
        constant = spread <= _CONSTANT * (np.abs(self.mean) + _CONSTANT)
        self.scale = np.where(constant, 1.0, spread)
        self._keep = ~constant

    def __call__(self, features: Floats) -> Floats:
        """Return standardised features (N, feature), clipped if so told."""
        out: Floats = self._keep * (features - self.mean) / self.scale
        return out if self.clip is None else np.clip(out, -self.clip, self.clip)


def descriptor(name: str | None, numbers: NDArray[np.int32], neighbours: int) -> Descriptor:
    """Return the descriptor of that name, its slots those that training clusters (M, atom) fill.

    By default internal coordinates for clusters of three atoms, else a Coulomb matrix of so many
    neighbours. Raise `DataError` if the clusters do not suit it.
    """
    from xmodkit_xes.study.coulomb import CoulombMatrix
    from xmodkit_xes.study.internal import InternalCoordinates
    from xmodkit_xes.study.shells import Shells

    triatomic = bool(((numbers > 0).sum(axis=1) == 3).all())
    chosen = name or ("internal" if triatomic else "coulomb")
    if chosen == "internal":
        if not triatomic or len(np.unique(np.sort(numbers, axis=1), axis=0)) > 1:
            raise DataError(
                "--descriptor internal: clusters of one triatomic molecule expected, others "
                "given; take --descriptor coulomb"
            )
        return InternalCoordinates(numbers)
    if chosen == "coulomb":
        return CoulombMatrix.of(numbers, neighbours)
    if chosen == "shells":
        return Shells()
    raise UsageError(f"--descriptor {chosen!r}: {', '.join(DESCRIPTORS)} expected")
