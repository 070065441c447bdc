"""The latent space of a model file: how long its vectors are, and where crystals lie in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, ModelFileError, UsageError
from xmodkit.pair import Predictor
from xmodkit.structures.elements import LAST_ELEMENT, atomic_number
from xmodkit_crystal.generate.clusters import Clusters
from xmodkit_crystal.modalities import SLOTS

__all__ = ["LatentSpace"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LatentSpace:
    """Where crystals lie, and where in a latent vector their elements stand.

    All but elements are `k` numbers: drawn from `clusters`, else standard normal. From `start` on
    there are the codes of the five slots, rows of `table` (119, w) by atomic number, 0 of no
    element; then for each slot `places` numbers of where its atoms are (0: the model keeps them in
    another way). `elements` are those of most crystals that the model has learned from, empty if it
    does not say.
    """

    k: int
    start: int
    table: Floats
    elements: tuple[int, ...] = ()
    clusters: Clusters | None = None
    places: int = 0

    @classmethod
    def of(cls, predictor: Predictor) -> LatentSpace:
        """Return the space of a model file of latent:crystal.

        Its details may hold `elements` (symbols), `element_codes` with `start`, `table` and
        `places`, and `latents` (see `Clusters`). Without these, the last five numbers are atomic
        numbers, and all others are standard normal. Raise `ModelFileError` if it does not say how
        long its latents are, or contradicts itself.
        """
        metadata = getattr(predictor, "metadata", None)
        details: Mapping[str, Any] = {} if metadata is None else metadata.details
        size = _size(predictor)
        start, table, places = _codes(details, size)
        k = size - SLOTS * table.shape[1]
        if k < 1 or not 0 <= start <= k or places not in (0, (k - start) / SLOTS):
            raise ModelFileError(
                f"latents of {size} numbers given, elements from {start} on: they do not fit each "
                "other; export the model again"
            )
        told = details.get("latents")
        clusters = None if told is None else Clusters.parse(told, k)
        elements = _numbers(details.get("elements", ()))
        return cls(k, start, table, elements, clusters, places)

    def random(self, n: int, seed: int, species: int) -> Floats:
        """Return z (n, k) of crystals with so many species, at random; z i depends on i alone.

        Raise `UsageError` if the model knows too few such crystals, or for no species at all.
        """
        _check_named(species)
        rngs = [np.random.default_rng((seed, i)) for i in range(n)]
        if self.clusters is None:
            return np.stack([rng.standard_normal(self.k) for rng in rngs])
        return np.stack([self.clusters.draw(species, rng) for rng in rngs])

    def without_elements(self, latents: Floats) -> Floats:
        """Return z (n, k) of latent vectors (n, size)."""
        codes = slice(self.start, self.start + SLOTS * self.table.shape[1])
        return np.asarray(np.delete(latents, codes, axis=1))

    def vectors(self, z: Floats, elements: tuple[int, ...]) -> NDArray[np.float32]:
        """Return latent vectors (n, size) of z (n, k) and elements in the order of its slots.

        Slots hold elements ascending: where they are named in another order, what z says of their
        places is put in order with them. Raise `UsageError` if none are named.
        """
        _check_named(len(elements))
        slots = [*sorted(elements), *[0] * (SLOTS - len(elements))]
        codes = self.table[slots].reshape(1, -1).repeat(len(z), axis=0)
        z = self.arranged(z, np.argsort(elements).tolist())
        parts = [z[:, : self.start], codes, z[:, self.start :]]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def arranged(self, z: Floats, order: Sequence[int]) -> Floats:
        """Return z (n, k) whose first slots are those of z that `order` names."""
        if not self.places:
            return z
        whole = [*order, *range(len(order), SLOTS)]
        places = z[:, self.start :].reshape(len(z), SLOTS, self.places)[:, whole]
        return np.concatenate([z[:, : self.start], places.reshape(len(z), -1)], axis=1)


def _check_named(species: int) -> None:
    if not species:
        raise UsageError("--elements is missing: name those to generate, as in V,O")


def _codes(details: Mapping[str, Any], size: int) -> tuple[int, Floats, int]:
    """Return where element codes start, their table, and how many numbers of each slot follow.

    Atomic numbers at the end if not said.
    """
    known = details.get("element_codes")
    if known is None:
        return max(size - SLOTS, 0), np.arange(LAST_ELEMENT + 1.0)[:, None], 0
    table = np.asarray(known["table"], float)
    if table.ndim != 2 or len(table) != LAST_ELEMENT + 1:
        raise ModelFileError(
            f"a table of element codes of shape {table.shape} given, {LAST_ELEMENT + 1} rows "
            "expected; export the model again"
        )
    return int(known["start"]), table, int(known.get("places", 0))


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
