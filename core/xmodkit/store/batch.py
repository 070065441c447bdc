"""Turn the rows a caller gives into checked arrays, ragged fields padded to the batch's extents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xmodkit.errors import DataError
from xmodkit.modality import Array
from xmodkit.store.columns import TEXT, Column, Schema

__all__ = ["Batch", "Rows"]

Rows = Mapping[str, Array | Sequence[Any]]
KINDS = "buif"  # from narrow to wide; a list of wider numbers does not fit


@dataclass(frozen=True)
class Batch:
    """Some rows, one array (rows, *extents) per column, and the extents of the ragged ones."""

    rows: int
    arrays: Mapping[str, Array]
    extents: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: Schema, rows: Rows) -> Batch:
        """Check rows against the columns; no rows at all are an empty batch.

        A ragged field is a sequence of one array per sample, or one array padded by the caller,
        whose true extents may then be given as `<field>_shape`. Raise `DataError` naming the
        field that is missing, unknown, of another dtype or shape, or of another length.
        """
        if not rows:
            return cls(0, {column.name: _empty(column) for column in schema.columns})
        _check_names(schema, rows)
        arrays: dict[str, Array] = {}
        for column in schema.columns:
            if column.shape_of is None:
                values = rows[column.name]
                if column.ragged:
                    shape = f"{column.name}_shape"
                    arrays[column.name], arrays[shape] = _pad(column, values, rows.get(shape))
                else:
                    arrays[column.name] = _convert(column, values)
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) != 1:
            raise DataError(f"rows of different number given, one number expected: {lengths}")
        ragged = {c.name: arrays[c.name].shape[1:] for c in schema.columns if c.ragged}
        return cls(next(iter(lengths.values())), arrays, ragged)


def _empty(column: Column) -> Array:
    return np.empty((0, *column.extents({})), column.memory_dtype)


def _check_names(schema: Schema, rows: Rows) -> None:
    known = {column.name for column in schema.columns}
    needed = {column.name for column in schema.columns if column.shape_of is None}
    for problem, names in (("missing", needed - set(rows)), ("unknown", set(rows) - known)):
        if names:
            raise DataError(f"{problem} in the rows given: {', '.join(sorted(names))}")


def _convert(column: Column, values: Array | Sequence[Any]) -> Array:
    """Return an array (rows, *sizes) of the column's dtype without losing any value."""
    array = _text(column, values) if column.dtype == TEXT else _numbers(column, values)
    sizes = array.shape[1:]
    if array.ndim != len(column.sizes) + 1 or any(
        known not in (None, size) for known, size in zip(column.sizes, sizes, strict=True)
    ):
        expected = ("rows", *("any" if size is None else size for size in column.sizes))
        raise DataError(f"{column.name}: shape {array.shape} given, {expected} expected")
    return array


def _numbers(column: Column, values: Array | Sequence[Any]) -> Array:
    dtype = column.memory_dtype
    try:
        array = np.asarray(values)
        typed = isinstance(values, np.ndarray) or any(isinstance(v, np.ndarray) for v in values)
        if typed or array.size == 0:
            fits = array.size == 0 or np.can_cast(array.dtype, dtype, "safe")
        else:  # plain numbers: Python has one width of each kind
            fits = _kind(array.dtype) <= _kind(dtype)
        if fits:
            return np.ascontiguousarray(array, dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"{column.name}: {error}; {column.dtype} expected") from None
    raise DataError(f"{column.name}: {array.dtype} given, {column.dtype} expected")


def _kind(dtype: np.dtype[Any]) -> int:
    return KINDS.index(dtype.kind) if dtype.kind in KINDS else len(KINDS)


def _text(column: Column, values: Array | Sequence[Any]) -> Array:
    array = np.asarray([_scalar(value) for value in values], object)
    if not all(isinstance(text, str) for text in array.flat):
        raise DataError(f"{column.name}: values that are not text given, text expected")
    return array


def _scalar(value: Any) -> Any:
    """Return what an array without axes holds: NumPy would keep it as an array in an array."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _pad(
    column: Column, values: Array | Sequence[Any], shapes: Array | Sequence[Any] | None
) -> tuple[Array, Array]:
    """Return the padded array and the true extents (rows, axes)."""
    if isinstance(values, np.ndarray) and values.dtype != object and shapes is None:
        array = _convert(column, values)
        true = np.broadcast_to(np.array(array.shape[1:], "<i4"), (len(array), array.ndim - 1))
        return array, true
    samples = [_convert(column, np.asarray(sample)[None])[0] for sample in values]
    if shapes is not None:
        samples = _cut(column, samples, np.asarray(shapes))
    true = np.array([sample.shape for sample in samples], "<i4").reshape(-1, len(column.sizes))
    extents = true.max(axis=0) if samples else column.extents({})
    column.check_extents([int(extent) for extent in extents])
    padded = np.full((len(samples), *extents), column.fill, column.memory_dtype)
    for row, sample in zip(padded, samples, strict=True):
        row[tuple(map(slice, sample.shape))] = sample
    return padded, true


def _cut(column: Column, samples: list[Array], shapes: Array) -> list[Array]:
    fits = shapes.shape == (len(samples), len(column.sizes)) and all(
        np.all((shape >= 0) & (shape <= sample.shape))
        for shape, sample in zip(shapes, samples, strict=True)
    )
    if not fits:
        raise DataError(
            f"{column.name}_shape: extents of shape {shapes.shape} given, one row of "
            f"{len(column.sizes)} extents within the array per sample expected"
        )
    return [sample[tuple(map(slice, shape))] for sample, shape in zip(samples, shapes, strict=True)]
