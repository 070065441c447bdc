"""The arrays of a store: one per field, one for the true extents of each ragged field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from math import prod
from typing import Any

import numpy as np

from xmodkit.errors import StoreError
from xmodkit.modality import Axis, Field
from xmodkit.store.layout import GROUP

__all__ = ["SAMPLE", "TEXT", "Column", "Coordinate", "Extents", "Schema"]

SAMPLE = "sample"
TEXT = "string"
DTYPES = frozenset(
    [TEXT, "bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)
MAX_ROW_BYTES = 2**32
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")

Extents = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Column:
    """One array over samples: its dtype, its sizes behind the sample axis, its dimensions.

    A size of None is ragged. `shape_of` names the field whose true extents the column holds.
    """

    name: str
    dtype: str
    sizes: tuple[int | None, ...]
    dimensions: tuple[str, ...]
    fill: Any
    attributes: Mapping[str, Any] = field(default_factory=dict)
    shape_of: str | None = None

    @property
    def ragged(self) -> bool:
        """Whether any axis differs in extent between samples."""
        return None in self.sizes

    @property
    def memory_dtype(self) -> np.dtype[Any]:
        """The dtype in memory and, little-endian, in the journal: text is an object array."""
        if self.dtype == TEXT:
            return np.dtype(object)
        return np.dtype(self.dtype).newbyteorder("<")

    def extents(self, known: Extents) -> tuple[int, ...]:
        """Return the extents behind the sample axis: what is known of ragged axes, else 0."""
        if self.ragged and self.name in known:
            return known[self.name]
        return tuple(size or 0 for size in self.sizes)

    def row_bytes(self, extents: Sequence[int]) -> int:
        """Return the bytes of one sample (for text a typical value)."""
        return prod(extents) * (32 if self.dtype == TEXT else self.memory_dtype.itemsize)

    def check_extents(self, extents: Sequence[int]) -> None:
        """Raise `StoreError` unless the extents fit the axes and a row can be held in memory."""
        fits = len(extents) == len(self.sizes) and all(
            size in (None, extent) for size, extent in zip(self.sizes, extents, strict=True)
        )
        if not fits or self.row_bytes(extents) > MAX_ROW_BYTES:
            raise StoreError(
                f"{self.name}: extents {tuple(extents)} per sample given, {self.sizes} (None: any) "
                f"and at most {MAX_ROW_BYTES >> 30} GiB expected"
            )


@dataclass(frozen=True)
class Coordinate:
    """The coordinate array of one dimension."""

    name: str
    values: tuple[float, ...]
    unit: str


@dataclass(frozen=True)
class Schema:
    """The fields of a store, and the columns and coordinates that hold them."""

    fields: tuple[Field, ...]
    columns: tuple[Column, ...]
    coordinates: tuple[Coordinate, ...]

    @classmethod
    def of(cls, fields: Sequence[Field]) -> Schema:
        """Lay out the columns of some fields, or raise `StoreError` naming what cannot be stored.

        xarray wants one length and one coordinate per dimension name: axes that share a name
        but not a size and coordinates, and all ragged axes, are named `<field>_<axis>`.
        """
        _check(fields)
        naming = _Naming(fields)
        columns = [column for item in fields for column in _columns(item, naming)]
        return cls(tuple(fields), tuple(columns), tuple(naming.coordinates()))

    def column(self, name: str) -> Column:
        """Return a column by name, or raise `StoreError` listing those there are."""
        for column in self.columns:
            if column.name == name:
                return column
        names = ", ".join(column.name for column in self.columns)
        raise StoreError(f"the store has no array {name!r}; it has {names}")

    def grown(self, extents: Extents, more: Extents) -> dict[str, tuple[int, ...]]:
        """Return the ragged extents that hold both."""
        return {
            column.name: tuple(
                max(sizes)
                for sizes in zip(column.extents(extents), column.extents(more), strict=True)
            )
            for column in self.columns
            if column.ragged
        }


class _Naming:
    """Names the dimensions of one store, so that no two meanings share a name."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._taken = {SAMPLE, GROUP} | {item.name.casefold() for item in fields}
        self._taken |= {_shape_name(item).casefold() for item in fields if item.ragged}
        self._axes: dict[str, Axis] = {}

    def dimensions(self, item: Field) -> tuple[str, ...]:
        names: list[str] = []
        for axis in item.axes:
            names.append(next(n for n in _candidates(item, axis) if self._fits(n, axis, names)))
            self._axes[names[-1]] = axis
        return tuple(names)

    def _fits(self, name: str, axis: Axis, beside: list[str]) -> bool:
        if name in beside or name.casefold() in self._taken:
            return False
        if name in self._axes:
            other = self._axes[name]
            same = (other.size, other.coordinates) == (axis.size, axis.coordinates)
            return axis.size is not None and same
        return name.casefold() not in {known.casefold() for known in self._axes}

    def coordinates(self) -> Iterator[Coordinate]:
        for name, axis in self._axes.items():
            if axis.coordinates is not None:
                yield Coordinate(name, axis.coordinates, axis.unit)


def _candidates(item: Field, axis: Axis) -> Iterator[str]:
    """Yield names for an axis, the plainest first."""
    plain = [] if axis.size is None else [axis.name]
    own = f"{item.name}_{axis.name}"
    return chain(plain, [own], (f"{own}_{number}" for number in count(2)))


def _columns(item: Field, naming: _Naming) -> Iterator[Column]:
    # `comment` is the CF convention's name for what a reader must know.
    labels = {"units": item.unit, "long_name": item.long_name, "comment": item.note}
    attributes: dict[str, Any] = {key: text for key, text in labels.items() if text}
    if item.valid_range is not None:
        attributes["valid_range"] = list(item.valid_range)
    sizes = tuple(axis.size for axis in item.axes)
    dimensions = (SAMPLE, *naming.dimensions(item))
    yield Column(item.name, item.dtype, sizes, dimensions, _fill(item), attributes)
    if item.ragged:
        shape = Field(_shape_name(item), (Axis(f"{item.name}_axis", len(sizes)),), "int32")
        described = {"long_name": f"true extents of {item.name} along {', '.join(dimensions[1:])}"}
        dimensions = (SAMPLE, *naming.dimensions(shape))
        yield Column(shape.name, "int32", (len(sizes),), dimensions, 0, described, item.name)


def _shape_name(item: Field) -> str:
    return f"{item.name}_shape"


def _fill(item: Field) -> Any:
    """Return the fill value in the field's own kind: a NaN only marks what is missing in floats."""
    if item.dtype == TEXT:
        return ""
    missing = item.fill != item.fill
    try:
        return np.dtype(item.dtype).type(0 if missing and not item.is_float else item.fill).item()
    except (OverflowError, ValueError, TypeError):
        raise StoreError(f"{item.name}: fill {item.fill!r} is no {item.dtype}") from None


def _check(fields: Sequence[Field]) -> None:
    if not fields:
        raise StoreError("a store needs at least one field")
    for item in fields:
        if item.dtype not in DTYPES:
            known = ", ".join(sorted(DTYPES))
            raise StoreError(
                f"{item.name}: dtype {item.dtype!r} cannot be stored; it may be {known}"
            )
        for axis in item.axes:
            if axis.size is not None and not _is_size(axis.size):
                raise StoreError(f"{item.name}: axis {axis.name!r} has size {axis.size!r}")
        for name in (item.name, *(axis.name for axis in item.axes)):
            if not NAME.fullmatch(name):
                raise StoreError(f"{name!r} cannot name an array: use letters, digits, _ and -")
        sizes = [axis.size or 0 for axis in item.axes]
        Column(item.name, item.dtype, tuple(sizes), (), 0).check_extents(sizes)
    _check_unique(chain((f.name for f in fields), (_shape_name(f) for f in fields if f.ragged)))


def _is_size(size: object) -> bool:
    return isinstance(size, int) and not isinstance(size, bool) and size > 0


def _check_unique(names: Iterable[str]) -> None:
    seen = {SAMPLE, GROUP}
    for name in names:
        if name.casefold() in seen:  # some file systems do not tell Energy from energy
            raise StoreError(f"two arrays of the store would be named {name!r}; rename a field")
        seen.add(name.casefold())
