"""Group input rows of equal shape into batches, run them, and put the results back in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from xmodkit.errors import DataError
from xmodkit.modality import Array, Arrays, Field
from xmodkit.pair import Predictor
from xmodkit.prediction import Derived, Prediction, Value

__all__ = ["Batcher", "groups_of_shape", "joined_scalars", "padded"]

Shapes = tuple[tuple[int, ...], ...]


def groups_of_shape(fields: Sequence[Field], rows: Sequence[Arrays]) -> list[list[int]]:
    """Return the numbers of rows that may share a batch.

    Their shapes agree on every axis that cannot be padded.
    """
    groups: dict[Shapes, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        groups[tuple(_shape(field, row[field.name]) for field in fields)].append(i)
    return list(groups.values())


def padded(field: Field, arrays: Sequence[Array], into: Array | None = None) -> Array:
    """Return arrays as one batch, padded with the field's fill to the largest extents.

    `into` is a buffer of that extent and at least that many rows, of which the first are used.
    """
    extent = largest(arrays)
    batch = np.empty((len(arrays), *extent), field.dtype) if into is None else into[: len(arrays)]
    for i, array in enumerate(arrays):
        if array.shape != extent:
            batch[i] = field.fill
        part: tuple[int | slice, ...] = (i, *(slice(size) for size in array.shape))
        batch[part] = array
    return batch


def largest(arrays: Sequence[Array]) -> tuple[int, ...]:
    """Return the largest extent of arrays along each axis."""
    return tuple(int(size) for size in np.max([a.shape for a in arrays], axis=0, initial=0))


def _shape(field: Field, array: Array) -> tuple[int, ...]:
    sizes = zip(field.axes, array.shape, strict=True)
    return tuple(-1 if axis.pad else size for axis, size in sizes)


class Batcher:
    """Runs rows of any shapes through a predictor in whole batches.

    Rows share a batch if their shapes agree on every axis that cannot be padded. Batch buffers
    are allocated once per shape and reused.
    """

    def __init__(
        self, predictor: Predictor, batch_size: int = 64, inputs: Arrays | None = None
    ) -> None:
        self.predictor = predictor
        self.batch_size = batch_size
        self.inputs = inputs or {}
        self._buffers: dict[tuple[str, tuple[int, ...]], Array] = {}

    def run_batch(self, arrays: Arrays) -> Prediction:
        """Predict a batch of equal shapes (samples, ...), in pieces if it is too large."""
        n = max((len(array) for array in arrays.values()), default=0)
        parts = [
            self.predictor.run(
                {name: array[i : i + self.batch_size] for name, array in arrays.items()},
                **self.inputs,
            )
            for i in range(0, max(1, n), self.batch_size)
        ]
        return _concatenate(parts)

    def run(self, rows: Sequence[Arrays]) -> Prediction:
        """Predict rows and return one prediction batch in their order."""
        order: list[int] = []
        parts: list[Prediction] = []
        for indices in groups_of_shape(self.predictor.inputs, rows):
            for start in range(0, len(indices), self.batch_size):
                batch = indices[start : start + self.batch_size]
                feeds = {
                    f.name: self._stack(f, [rows[i] for i in batch]) for f in self.predictor.inputs
                }
                parts.append(self.predictor.run(feeds, **self.inputs))
                order += batch
        return _concatenate(parts)[np.argsort(order)]

    def _stack(self, field: Field, rows: Sequence[Arrays]) -> Array:
        arrays = [row[field.name] for row in rows]
        if wrong := {a.dtype.name for a in arrays} - {field.dtype}:  # a cast would hide it
            raise DataError(f"{field.name}: {', '.join(wrong)} given, {field.dtype} expected")
        return padded(field, arrays, self._buffer(field, largest(arrays)))

    def _buffer(self, field: Field, extent: tuple[int, ...]) -> Array:
        key = (field.name, extent)
        if key not in self._buffers:
            if len(self._buffers) >= 16:  # folders of crops have few shapes; bound it anyway
                self._buffers.clear()
            self._buffers[key] = np.empty((self.batch_size, *extent), field.dtype)
        return self._buffers[key]


def _concatenate(parts: Sequence[Prediction]) -> Prediction:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return replace(
        first,
        fields={name: _join_values([p.fields[name] for p in parts]) for name in first.fields},
        derived={name: joined_scalars([p.derived[name] for p in parts]) for name in first.derived},
        novelty=_join([p.novelty for p in parts]),
        novel=_join([p.novel for p in parts]),
        latent=_join([p.latent for p in parts]),
        bounds_source=_join([p.bounds_source for p in parts]),
    )


def _join_values(values: Sequence[Value]) -> Value:
    if any(axis.size is None for axis in values[0].axes):
        values = [_with_shape(value) for value in values]
    return replace(
        values[0],
        value=_concatenated([v.value for v in values]),
        lower=_join([v.lower for v in values]),
        upper=_join([v.upper for v in values]),
        shape=_join([v.shape for v in values]),
    )


def joined_scalars(scalars: Sequence[Derived]) -> Derived:
    """Return a scalar of several batches as one."""
    return replace(
        scalars[0],
        value=_concatenated([s.value for s in scalars]),
        lower=_join([s.lower for s in scalars]),
        upper=_join([s.upper for s in scalars]),
        status=_join([s.status for s in scalars]),
        strength=_join([s.strength for s in scalars]),
    )


def _with_shape(value: Value) -> Value:
    """State the extents of a ragged value that a batch of one shape left unsaid."""
    if value.shape is not None:
        return value
    samples, *extents = value.value.shape
    return replace(value, shape=np.tile(np.array(extents, np.int32), (samples, 1)))


def _join(arrays: Sequence[Array | None]) -> Array | None:
    present = [array for array in arrays if array is not None]
    return _concatenated(present) if len(present) == len(arrays) else None


def _concatenated(present: Sequence[Array]) -> Array:
    """Concatenate along the sample axis, padding other axes to the largest extent."""
    extent = np.max([a.shape[1:] for a in present], axis=0, initial=0)
    return np.concatenate([_pad(a, extent) for a in present])


def _pad(array: Array, extent: Array) -> Array:
    missing = [
        (0, 0),
        *((0, int(most - size)) for most, size in zip(extent, array.shape[1:], strict=True)),
    ]
    if not any(after for _, after in missing):
        return array
    fill: Mapping[str, float] = {"f": np.nan}
    return np.pad(array, missing, constant_values=fill.get(array.dtype.kind, 0))
