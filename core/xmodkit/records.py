"""How samples and predictions lie in a store: which columns, and the rows of one batch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xmodkit.modality import Array, Axis, Field, Modality
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value

__all__ = [
    "INPUT_PREFIX",
    "held",
    "prediction_columns",
    "prediction_rows",
    "sample_columns",
    "sample_rows",
]

INPUT_PREFIX = "input_"
_IDENTITY = (
    Field("sample_id", dtype="string", long_name="sample"),
    Field("source", dtype="string", long_name="file the sample was read from"),
)
_NOVELTY = (
    Field("novelty", long_name="novelty score"),
    Field("novel", dtype="bool", long_name="unlike the training samples"),
    Field("bounds_source", dtype="string", long_name="where the bounds come from"),
)
_GROUPS = Field("groups", dtype="string", long_name="what must stay together in a split (JSON)")
_METADATA = Field("metadata", dtype="string", long_name="what is known of the sample (JSON)")


def held(sample: Sample, modalities: Sequence[Modality]) -> tuple[Modality, ...]:
    """Return the modalities that a sample has, with the coordinates of axes they leave open."""
    return tuple(m.at(sample.coordinates) for m in modalities if m.name in sample.arrays)


def sample_columns(modalities: Sequence[Modality]) -> list[Field]:
    """Return the columns of a store of samples, as `simulate` and `ingest` write."""
    fields = [field for modality in modalities for field in modality.fields]
    return [*_IDENTITY, *fields, _GROUPS, _METADATA]


def sample_rows(samples: Sequence[Sample], modalities: Sequence[Modality]) -> dict[str, Any]:
    """Return the rows of a batch of samples, by column."""
    rows: dict[str, Any] = {
        "sample_id": [s.id for s in samples],
        "source": [s.source for s in samples],
        "groups": [json.dumps(dict(s.groups), sort_keys=True) for s in samples],
        "metadata": [json.dumps(dict(s.metadata), sort_keys=True) for s in samples],
    }
    for modality in modalities:
        for field in modality.fields:
            rows[field.name] = [s.arrays[modality.name][field.name] for s in samples]
    return rows


def prediction_columns(
    prediction: Prediction,
    outputs: Sequence[Field],
    derived: Sequence[Field],
    kept: Modality | None = None,
) -> list[Field]:
    """Return the columns of a store of predictions like this one.

    `kept` is the source modality whose inputs are stored too, under `input_<field>`.
    """
    columns = list(_IDENTITY)
    for field in outputs:
        value = prediction.fields[field.name]
        columns += [field, *_bound_columns(field, value.lower is not None)]
    for field in derived:
        scalar = prediction.derived[field.name]
        columns += [field, *_bound_columns(field, scalar.lower is not None)]
        if scalar.status is not None:
            columns.append(
                Field(
                    f"{field.name}_status",
                    dtype="string",
                    long_name="value, above, below (the window) or none",
                )
            )
    columns += [field for field in _NOVELTY if getattr(prediction, field.name) is not None]
    if prediction.latent is not None and "latent" not in prediction.fields:
        axis = Axis("latent", prediction.latent.shape[1])
        columns.append(Field("latent", (axis,), long_name="latent vector"))
    if kept is not None:
        columns += [replace(f, name=INPUT_PREFIX + f.name) for f in kept.fields]
    return columns


def prediction_rows(
    samples: Sequence[Sample], prediction: Prediction, kept: Modality | None = None
) -> dict[str, Any]:
    """Return the rows of a batch of predictions, by column."""
    rows: dict[str, Any] = {
        "sample_id": [s.id for s in samples],
        "source": [s.source for s in samples],
    }
    for name, value in prediction.fields.items():
        rows.update(_with_bounds(name, value))
    for name, scalar in prediction.derived.items():
        rows |= _present(
            {
                name: scalar.value,
                f"{name}_lower": scalar.lower,
                f"{name}_upper": scalar.upper,
                f"{name}_status": scalar.status,
            }
        )
    rows |= _present({field.name: getattr(prediction, field.name) for field in _NOVELTY})
    rows |= _present({"latent": prediction.latent})
    if kept is not None:
        for field in kept.fields:
            rows[INPUT_PREFIX + field.name] = [s.arrays[kept.name][field.name] for s in samples]
    return rows


def _bound_columns(field: Field, bounded: bool) -> list[Field]:
    if not bounded:
        return []
    label = field.long_name or field.name
    return [
        replace(field, name=f"{field.name}_{end}", long_name=f"{end} bound of {label}")
        for end in ("lower", "upper")
    ]


def _with_bounds(name: str, value: Value) -> dict[str, Any]:
    arrays = {name: value.value, f"{name}_lower": value.lower, f"{name}_upper": value.upper}
    present = _present(arrays)
    if value.shape is None:
        return present
    return {key: _cut(array, value) for key, array in present.items()}


def _cut(array: Array, value: Value) -> list[Array]:
    """Cut each sample's padded array to its true extent along the ragged axes."""
    assert value.shape is not None
    ragged = [i for i, axis in enumerate(value.axes) if axis.size is None]
    every = value.shape.shape[1] == len(value.axes)  # else of the ragged axes alone
    shape = value.shape[:, ragged] if every else value.shape
    cut = []
    for row, extents in zip(array, shape, strict=True):
        index = [slice(None)] * row.ndim
        for axis, extent in zip(ragged, extents, strict=True):
            index[axis] = slice(int(extent))
        cut.append(row[tuple(index)])
    return cut


def _present(arrays: Mapping[str, Array | None]) -> dict[str, Any]:
    return {name: array for name, array in arrays.items() if array is not None}
