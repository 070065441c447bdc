"""What a predictor returns: values with bounds, derived values, novelty, latent, device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array, Axis

__all__ = ["Derived", "Prediction", "Value"]


def _take(array: Array | None, index: int | slice | Array) -> Array | None:
    return None if array is None else array[index]


@dataclass(frozen=True)
class Value:
    """A predicted field: its value, its bounds where it has them, its unit and its axes.

    In a batch every array has a leading sample axis. `shape` holds the true extents
    (sample, axis) of a field padded along ragged axes.
    """

    value: Array
    lower: Array | None = None
    upper: Array | None = None
    unit: str = ""
    axes: tuple[Axis, ...] = ()
    shape: NDArray[np.int32] | None = None

    def __getitem__(self, index: int | slice | Array) -> Value:
        return replace(
            self,
            value=self.value[index],
            lower=_take(self.lower, index),
            upper=_take(self.upper, index),
            shape=_take(self.shape, index),
        )


@dataclass(frozen=True)
class Derived:
    """A scalar computed from a prediction, with bounds calibrated for it directly.

    `status` says of each sample what the value is: `value`, `above` or `below` (outside the
    window; the value is then the window's end) or `none` (NaN). `strength` is how strong the
    signal is that it was read off, where that decides how uncertain it is.
    """

    value: Array
    lower: Array | None = None
    upper: Array | None = None
    unit: str = ""
    status: NDArray[np.str_] | None = None
    strength: Array | None = None

    def __getitem__(self, index: int | slice | Array) -> Derived:
        return replace(
            self,
            value=self.value[index],
            lower=_take(self.lower, index),
            upper=_take(self.upper, index),
            status=_take(self.status, index),
            strength=_take(self.strength, index),
        )


@dataclass(frozen=True)
class Prediction:
    """Everything predicted for one sample, or for a batch (leading sample axis everywhere).

    `bounds_source` says of each sample where its bounds come from: `simulated`, `local` or
    `none`. Novel samples have none: their bounds are NaN.
    """

    fields: Mapping[str, Value]
    derived: Mapping[str, Derived] = field(default_factory=dict)
    novelty: Array | None = None
    novel: Array | None = None
    latent: Array | None = None
    bounds_source: NDArray[np.str_] | None = None
    device: str = "cpu"

    @property
    def first(self) -> Value:
        """The first field, the one that `value`, `lower` and `upper` speak of."""
        return next(iter(self.fields.values()))

    @property
    def value(self) -> Array:
        """The first field's value."""
        return self.first.value

    @property
    def lower(self) -> Array | None:
        """The first field's lower bound."""
        return self.first.lower

    @property
    def upper(self) -> Array | None:
        """The first field's upper bound."""
        return self.first.upper

    def __getitem__(self, index: int | slice | Array) -> Prediction:
        return replace(
            self,
            fields={name: value[index] for name, value in self.fields.items()},
            derived={name: value[index] for name, value in self.derived.items()},
            novelty=_take(self.novelty, index),
            novel=_take(self.novel, index),
            latent=_take(self.latent, index),
            bounds_source=_take(self.bounds_source, index),
        )
