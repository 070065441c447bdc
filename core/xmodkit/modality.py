"""What a kind of data looks like: modalities, their fields and their axes. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError

__all__ = ["Array", "Arrays", "Axis", "Field", "Modality", "coordinates", "field_of", "stacked"]

Array = NDArray[Any]
Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Axis:
    """One axis of a field.

    `size=None` marks a ragged axis: its extent differs from sample to sample. Samples of
    different extent share a batch only if `pad` is true (atoms, padded with the field's fill);
    otherwise each extent is a batch of its own (images). Where each set of measurements has a
    grid of its own, the plugin leaves the axis open so, and the samples' `coordinates` close it
    in the store and in the model file (`at`).
    """

    name: str
    size: int | None = None
    unit: str = ""
    coordinates: tuple[float, ...] | None = None
    pad: bool = False

    def __post_init__(self) -> None:
        if self.coordinates is not None and len(self.coordinates) != self.size:
            raise DataError(
                f"axis {self.name!r}: {len(self.coordinates)} coordinates given for size "
                f"{self.size}; give one coordinate per point"
            )

    def at(self, coordinates: Sequence[float] | None) -> Axis:
        """Return the axis with these coordinates if it leaves them open (ragged), else as it is."""
        if coordinates is None or self.size is not None:
            return self
        points = tuple(float(point) for point in coordinates)
        return replace(self, size=len(points), coordinates=points)

    def to_json(self) -> dict[str, Any]:
        """Return the axis as plain JSON values."""
        return {
            "name": self.name,
            "size": self.size,
            "unit": self.unit,
            "coordinates": None if self.coordinates is None else list(self.coordinates),
            "pad": self.pad,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Axis:
        """Rebuild an axis from `to_json`."""
        coordinates = values["coordinates"]
        return cls(
            str(values["name"]),
            values["size"],
            str(values["unit"]),
            None if coordinates is None else tuple(float(c) for c in coordinates),
            bool(values["pad"]),
        )


@dataclass(frozen=True)
class Field:
    """One named array of a modality: axes, dtype, unit, valid range and fill value.

    A scalar has no axes. `dtype` is a numpy name, or "string". `fill` pads ragged axes and marks
    what is missing. `note` is what a reader of the data must know (which points are inferred).
    """

    name: str
    axes: tuple[Axis, ...] = ()
    dtype: str = "float32"
    unit: str = ""
    valid_range: tuple[float, float] | None = None
    fill: float = float("nan")
    long_name: str = ""
    note: str = ""

    @property
    def ragged(self) -> bool:
        """Whether any axis differs in extent between samples."""
        return any(axis.size is None for axis in self.axes)

    @property
    def is_float(self) -> bool:
        """Whether the field holds floating-point numbers."""
        return self.dtype.startswith("float")

    def check(self, array: Array, *, batched: bool = False) -> Array:
        """Return `array` if it fits this field, with a leading batch axis if `batched`.

        Raise `DataError` naming what was given and what was expected.
        """
        shape = array.shape[1:] if batched else array.shape
        if array.dtype != np.dtype(self.dtype):
            raise DataError(f"{self.name}: {array.dtype} given, {self.dtype} expected")
        if len(shape) != len(self.axes) or any(
            size == 0 or axis.size not in (None, size)
            for axis, size in zip(self.axes, shape, strict=False)
        ):
            raise DataError(f"{self.name}: shape {shape} given, {self.describe_axes()} expected")
        self._check_values(array)
        return array

    def describe_axes(self) -> str:
        """Return the axes as people read them: `(y, x, channel=3)`."""
        names = (a.name if a.size is None else f"{a.name}={a.size}" for a in self.axes)
        return f"({', '.join(names)})"

    def _check_values(self, array: Array) -> None:
        if self.is_float and not np.isfinite(array).all():
            raise DataError(f"{self.name}: NaN or infinite values given, finite values expected")
        if self.valid_range is None:
            return
        low, high = self.valid_range
        if np.issubdtype(array.dtype, np.integer):
            limits = np.iinfo(array.dtype)
            if low <= limits.min and high >= limits.max:
                return  # every value of the dtype is valid: do not read the array
        least, most = array.min(), array.max()
        if least < low or most > high:
            raise DataError(
                f"{self.name}: values {least:g} to {most:g} given, {low:g} to {high:g} "
                f"{self.unit} expected"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the field as plain JSON values (a NaN fill becomes null)."""
        return {
            "name": self.name,
            "axes": [axis.to_json() for axis in self.axes],
            "dtype": self.dtype,
            "unit": self.unit,
            "valid_range": None if self.valid_range is None else list(self.valid_range),
            "fill": None if self.fill != self.fill else self.fill,
            "long_name": self.long_name,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Field:
        """Rebuild a field from `to_json`."""
        valid = values["valid_range"]
        fill = values["fill"]
        return cls(
            str(values["name"]),
            tuple(Axis.from_json(axis) for axis in values["axes"]),
            str(values["dtype"]),
            str(values["unit"]),
            None if valid is None else (float(valid[0]), float(valid[1])),
            float("nan") if fill is None else fill,
            str(values["long_name"]),
            str(values.get("note", "")),
        )


@dataclass(frozen=True)
class Modality:
    """A kind of data: one or more named fields, as `structure` (numbers, positions)."""

    name: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """Return the field of that name, or raise `DataError`."""
        for field in self.fields:
            if field.name == name:
                return field
        names = ", ".join(field.name for field in self.fields)
        raise DataError(f"modality {self.name!r} has no field {name!r}; it has {names}")

    def at(self, coordinates: Mapping[str, Sequence[float]]) -> Modality:
        """Return the modality with the coordinates (by axis name) of axes that it leaves open."""
        return replace(
            self,
            fields=tuple(
                replace(
                    field, axes=tuple(axis.at(coordinates.get(axis.name)) for axis in field.axes)
                )
                for field in self.fields
            ),
        )

    def check(self, arrays: Arrays) -> None:
        """Raise `DataError` unless `arrays` holds every field, and each fits."""
        for field in self.fields:
            if field.name not in arrays:
                raise DataError(f"modality {self.name!r}: field {field.name!r} is missing")
            field.check(arrays[field.name])


def field_of(name: str, array: Array) -> Field:
    """Describe an array by itself: axes of its extents, called after it, and its dtype."""
    axes = (Axis(name if i == 0 else f"{name}_{i}", size) for i, size in enumerate(np.shape(array)))
    return Field(name, tuple(axes), np.asarray(array).dtype.name)


def stacked(rows: Sequence[Arrays]) -> dict[str, Array]:
    """Return the arrays of at least one row, of equal shapes, each with a leading sample axis."""
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def coordinates(axes: Iterable[Axis]) -> dict[str, Array]:
    """Return the coordinates of those axes that have any, by the axes' names."""
    return {axis.name: np.array(axis.coordinates) for axis in axes if axis.coordinates}
