"""The latent space of a model file: how long its vectors are, and where crystals lie in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, ModelFileError, UsageError
from xmodkit.pair import Predictor
from xmodkit.structures.elements import LAST_ELEMENT, atomic_number
from xmodkit_crystal.latent import slots_of
from xmodkit_crystal.modalities import SLOTS

__all__ = ["LatentSpace"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LatentSpace:
    """Where crystals lie, and where in a latent vector their elements stand.

    All but elements has the `mean` (k,) and standard deviations `scale` (k,). From `start` on there
    are the codes of the five slots, rows of `table` (119, w) by atomic number, 0 of no element; w
    is 0 where the model keeps elements in another way. `elements` are those that it has learned
    from, empty if it does not say.
    """

    mean: Floats
    scale: Floats
    start: int
    table: Floats
    elements: tuple[int, ...] = ()

    @classmethod
    def of(cls, predictor: Predictor) -> LatentSpace:
        """Return the space of a model file of latent:crystal.

        Its details may hold `latent_mean` (k numbers), `latent_scale` (one or k), `elements`
        (symbols), and `element_codes` with `start` and `table`. Without these, the last five
        numbers are atomic numbers, and all others are standard normal. Raise `ModelFileError` if it
        does not say how long its latents are, or contradicts itself.
        """
        metadata = getattr(predictor, "metadata", None)
        details: Mapping[str, Any] = {} if metadata is None else metadata.details
        size, mean = _size(predictor), details.get("latent_mean")
        start, table = _codes(details, size)
        if mean is not None and len(mean) == size:
            table = np.zeros((LAST_ELEMENT + 1, 0))
        k = size - SLOTS * table.shape[1]
        if k < 1 or not 0 <= start <= k or (mean is not None and len(mean) != k):
            given = "" if mean is None else f", a mean of {len(mean)}"
            raise ModelFileError(
                f"latents of {size} numbers given{given}, elements from {start} on: they do not "
                "fit each other; export the model again"
            )
        return cls(
            np.zeros(k) if mean is None else np.asarray(mean, float),
            np.broadcast_to(np.asarray(details.get("latent_scale", 1.0), float), (k,)),
            start,
            table,
            _numbers(details.get("elements", ())),
        )

    @property
    def holds_elements(self) -> bool:
        """Whether elements stand in a place of their own."""
        return bool(self.table.shape[1])

    def random(self, n: int, seed: int) -> Floats:
        """Return z (n, k) drawn from the Gaussian that crystals lie in; z i depends on i alone."""
        rows = [np.random.default_rng((seed, i)).standard_normal(self.mean.size) for i in range(n)]
        return np.asarray(self.mean + self.scale * np.stack(rows))

    def without_elements(self, latents: Floats) -> Floats:
        """Return z (n, k) of latent vectors (n, size)."""
        codes = slice(self.start, self.start + SLOTS * self.table.shape[1])
        return np.asarray(np.delete(latents, codes, axis=1))

    def vectors(self, z: Floats, elements: tuple[int, ...]) -> NDArray[np.float32]:
        """Return latent vectors (n, size) of z (n, k) and elements.

        Raise `UsageError` for elements that are missing, or that have no place in the vectors.
        """
        if self.holds_elements and not elements:
            raise UsageError("--elements is missing: name those to generate, as in V,O")
        if elements and not self.holds_elements:
            raise UsageError("--elements: this model keeps them within the latent; leave it out")
        codes = self.table[slots_of(elements).astype(int)].reshape(1, -1).repeat(len(z), axis=0)
        parts = [z[:, : self.start], codes, z[:, self.start :]]
        return np.concatenate(parts, axis=1).astype(np.float32)


def _codes(details: Mapping[str, Any], size: int) -> tuple[int, Floats]:
    """Return where element codes start, and their table; atomic numbers at the end if not said."""
    known = details.get("element_codes")
    if known is None:
        return max(size - SLOTS, 0), np.arange(LAST_ELEMENT + 1.0)[:, None]
    table = np.asarray(known["table"], float)
    if table.ndim != 2 or len(table) != LAST_ELEMENT + 1:
        raise ModelFileError(
            f"a table of element codes of shape {table.shape} given, {LAST_ELEMENT + 1} rows "
            "expected; export the model again"
        )
    return int(known["start"]), table


def _size(predictor: Predictor) -> int:
    """Return how many numbers a latent has, as the file declares or as its test vector shows."""
    (field,) = predictor.inputs
    if field.axes[0].size is not None:
        return field.axes[0].size
    metadata = getattr(predictor, "metadata", None)
    if metadata is None or not metadata.vectors:
        raise ModelFileError("the model does not say how long its latents are: export it again")
    return int(metadata.vectors[0].inputs[field.name].shape[-1])


def _numbers(names: Any) -> tuple[int, ...]:
    try:
        return tuple(sorted({atomic_number(str(name)) for name in names}))
    except InputError as error:
        raise ModelFileError(f"elements in its details: {error}; export it again") from error
