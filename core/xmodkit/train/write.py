"""Write a finished run as one model file, with test vectors inside and a card beside it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from xmodkit.errors import DataError
from xmodkit.export import Exporter
from xmodkit.modality import Array, Arrays, Field
from xmodkit.model import Model
from xmodkit.modelfile import ModelMetadata, TestVector, write_model_file
from xmodkit.pair import ModalityPair, Route
from xmodkit.train.card import model_card
from xmodkit.train.graph import CalibratedGraph
from xmodkit.train.run import Run

__all__ = ["write_model"]

_PROVENANCE = ("model", "seed", "stages", "parameters", "data", "split", "versions", "date")


def write_model(
    run: Run, pair: ModalityPair, exporter: Exporter, path: Path, route: Route | None = None
) -> ModelMetadata:
    """Export a route of a run (its first if None) to `path`, its card beside it; return metadata.

    The expected outputs of the test vectors come from torch: replaying them proves the export.
    Raise `UsageError` if the run's model does not offer the route.
    """
    judged = run.judged(route)
    direction, first = judged.route, judged.vectors[0]
    inputs = run.inputs(direction)
    further, defaults = _further(run.model, direction)
    graph = run.graph(direction)
    batched = {field.name for field in inputs}
    example = {name: _feed(array, name in batched) for name, array in first.items()}
    data = exporter(graph, inputs, graph.outputs, example, further)
    names = [field.name for field in (*inputs, *further)]
    metadata = ModelMetadata(
        plugin=pair.name,
        plugin_version=version("xmodkit"),
        route=direction,
        inputs=inputs,
        outputs=run.outputs(direction),
        opset=exporter.opset,
        calibration=judged.calibration,
        training={
            **{key: run.settings[key] for key in _PROVENANCE},
            "notes": list(run.model.notes),
        },
        metrics=judged.metrics,
        licence="MIT",
        vectors=tuple(_vector(graph, names, batched, row) for row in judged.vectors),
        condition=dict(run.model.condition),
        details=judged.details,
        tolerances=dict(run.model.tolerances(direction.name)),
        further=further,
        defaults=defaults,
    )
    write_model_file(path, data, metadata)
    path.with_suffix(".md").write_text(model_card(path.name, metadata), encoding="utf-8")
    return metadata


def _further(model: Model, route: Route) -> tuple[tuple[Field, ...], dict[str, Array]]:
    """Return the fields of a route's further inputs and their default, both in its order.

    Raise `DataError` if the model describes others, or if its default does not fit.
    """
    fields = model.input_fields(route.name)
    if (names := tuple(field.name for field in fields)) != route.inputs:
        raise DataError(
            f"{model.name}: inputs {names} of {route.name} given, {route.inputs} expected"
        )
    default = model.inputs(route.name)
    return fields, {f.name: f.check(np.asarray(default[f.name])) for f in fields}


def _feed(array: Array, batched: bool) -> Array:
    return array[None] if batched else array


@torch.no_grad()
def _vector(graph: CalibratedGraph, names: list[str], batched: set[str], row: Arrays) -> TestVector:
    feeds = {name: _feed(row[name], name in batched) for name in names}
    values = graph(*(torch.from_numpy(feeds[name]) for name in names))
    outputs = {name: value.numpy() for name, value in zip(graph.outputs, values, strict=True)}
    return TestVector(feeds, outputs)
