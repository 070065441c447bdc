"""What random latents are drawn from: clusters of crystals, as a model file tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import ModelFileError, UsageError

__all__ = ["Clusters"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Clusters:
    """Gaussians in a space that `mean` (k,) and `basis` (r, k) lay into that of latents.

    Of each: the number of `species` of its crystals (c,), its `weight` (c,), `middle` (c, r) and
    the `axes` along which it extends (c, q, r).
    """

    mean: Floats
    basis: Floats
    species: NDArray[np.int64]
    weight: Floats
    middle: Floats
    axes: Floats

    @classmethod
    def parse(cls, told: Mapping[str, Any], k: int) -> Clusters:
        """Read what a model's details tell; raise `ModelFileError` if it does not fit together."""
        try:
            clusters = told["clusters"]
            mean, basis = np.asarray(told["mean"], float), np.asarray(told["basis"], float)
            middles = [np.asarray(one["mean"], float) for one in clusters]
            axes = [np.asarray(one["axes"], float) for one in clusters]
            r = len(basis)
            found = cls(
                mean,
                basis,
                np.array([one["species"] for one in clusters], int),
                np.array([one["weight"] for one in clusters], float),
                np.stack([np.zeros(r), *middles])[1:],
                np.stack([np.zeros((len(axes[0]) if axes else 1, r)), *axes])[1:],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"what it tells of its latents: {error}; export it again"
            ) from None
        if mean.shape != (k,) or basis.shape != (r, k):
            raise ModelFileError(
                f"latents of {k} numbers beside elements given, a mean of {mean.size} and a basis "
                f"of {basis.shape}: they do not fit each other; export the model again"
            )
        return found

    def draw(self, species: int, rng: np.random.Generator) -> Floats:
        """Return z (k,) of a crystal with so many species.

        Raise `UsageError` if the model has learned from too few of these.
        """
        weight = np.where(self.species == species, self.weight, 0)
        if not weight.any():
            known = ", ".join(map(str, sorted(set(self.species.tolist())))) or "none"
            raise UsageError(
                f"crystals of {species} elements: the model learned from too few to draw any; give "
                f"other --elements (as many as {known}), or two crystals with --between"
            )
        one = rng.choice(len(weight), p=weight / weight.sum())
        along = rng.standard_normal(self.axes.shape[1])
        return np.asarray(self.mean + (self.middle[one] + along @ self.axes[one]) @ self.basis)
