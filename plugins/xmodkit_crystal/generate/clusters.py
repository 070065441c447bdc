"""What random latents are drawn from: clusters of crystals, as a model file tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import ModelFileError, UsageError
from xmodkit_crystal.compact import expanded

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
            found = cls(
                expanded(told["mean"]),
                expanded(told["basis"]),
                np.asarray(told["species"], int),
                expanded(told["weight"]),
                expanded(told["middle"]),
                expanded(told["axes"]),
            )
            found._check(k)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"what it tells of its latents: {error}; export it again"
            ) from None
        return found

    def _check(self, k: int) -> None:
        """Raise `ValueError` where shapes do not fit each other, or latents of k numbers."""
        r, c = len(self.basis), len(self.species)
        given = {
            "mean": (self.mean, (k,)),
            "basis": (self.basis, (r, k)),
            "species": (self.species, (c,)),
            "weight": (self.weight, (c,)),
            "middle": (self.middle, (c, r)),
            "axes": (self.axes, (c, *self.axes.shape[1:2], r)),
        }
        for name, (array, shape) in given.items():
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(f"{name} of {array.shape}, finite numbers of {shape} expected")

    def draw(self, species: int, rng: np.random.Generator) -> Floats:
        """Return z (k,) of a crystal with so many species.

        Raise `UsageError` if the model has learned from too few of these.
        """
        weight = np.where(self.species == species, self.weight, 0)
        if not weight.any():
            known = ", ".join(map(str, sorted(set(self.species.tolist()))))
            advice = f"as many as {known}, or " if known else ""
            raise UsageError(
                f"{species} of --elements: the model learned from too few such crystals to draw "
                f"any; give {advice}two crystals with --between"
            )
        one = rng.choice(len(weight), p=weight / weight.sum())
        along = rng.standard_normal(self.axes.shape[1])
        return np.asarray(self.mean + (self.middle[one] + along @ self.axes[one]) @ self.basis)
