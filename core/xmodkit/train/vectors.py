"""Test vectors of a route: a few samples, and noise; replaying them proves an exported file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xmodkit.modality import Array, Arrays, Field
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route, Sample

__all__ = ["test_vectors"]

_VECTORS, _WITH_INPUTS = 3, 9  # samples with further inputs show what these may be
_LARGE = 1 << 18  # values


def test_vectors(
    pair: ModalityPair, model: Model, route: Route, samples: Sequence[Sample]
) -> list[Arrays]:
    """Return the inputs of a few samples (without a batch axis) and of noise, which is novel.

    The first one's further inputs are the model's default, unless one of them is ragged: the
    default may then be long, as the file's own that no vector need repeat. An axis that can be
    padded has two places at least: an exporter would take an extent of one for fixed.
    """
    fields = pair.encoded(route)
    ragged = any(field.ragged for field in model.input_fields(route.name))
    shown = samples[: _WITH_INPUTS if route.inputs and not ragged else _VECTORS]
    rows: list[Arrays] = [_roomy(fields, pair.encode(sample, route, {})[0]) for sample in shown]
    rows.append(_noise(fields, rows[0]))
    first = model.inputs(route.name, shown[0] if ragged else None)
    own = [model.inputs(route.name, sample) for sample in shown[1:]]
    further = [{n: np.asarray(a) for n, a in given.items()} for given in (first, *own, first)]
    return [{**row, **given} for row, given in zip(rows, further, strict=True)]


test_vectors.__test__ = False  # type: ignore[attr-defined]  # whatever its name says to pytest


def _roomy(fields: Sequence[Field], row: Arrays) -> dict[str, Array]:
    return {field.name: _at_least_two(field, row[field.name]) for field in fields}


def _at_least_two(field: Field, array: Array) -> Array:
    sizes = zip(field.axes, array.shape, strict=True)
    missing = [(0, int(axis.pad and size == 1)) for axis, size in sizes]
    if not any(after for _, after in missing):
        return array
    return np.pad(array, missing, constant_values=field.fill)


def _noise(fields: Sequence[Field], like: Arrays) -> Arrays:
    """Return a row of uniform noise in every field's valid range, or in that of a like row.

    Noise of large arrays has two levels: more would not compress, and files hold it.
    """
    rng = np.random.default_rng(0)
    found = {}
    for field in fields:
        array = like[field.name]
        low, high = field.valid_range or (float(array.min()), float(array.max()))
        if np.issubdtype(array.dtype, np.integer):
            found[field.name] = rng.integers(int(low), int(high) + 1, array.shape, array.dtype)
        elif array.size > _LARGE:
            found[field.name] = rng.choice(np.array([low, high], array.dtype), array.shape)
        else:
            found[field.name] = rng.uniform(low, high, array.shape).astype(array.dtype)
    return found
