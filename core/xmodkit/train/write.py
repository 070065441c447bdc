"""Write a finished run as one model file, with test vectors inside and a card beside it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import torch

from xmodkit.export import Exporter
from xmodkit.modality import Arrays
from xmodkit.modelfile import ModelMetadata, TestVector, write_model_file
from xmodkit.pair import ModalityPair
from xmodkit.train.card import model_card
from xmodkit.train.graph import CalibratedGraph
from xmodkit.train.run import Run

__all__ = ["write_model"]


def write_model(run: Run, pair: ModalityPair, exporter: Exporter, path: Path) -> ModelMetadata:
    """Export a run's route to `path`, write its card beside it, return its metadata.

    The expected outputs of the test vectors come from torch: replaying them proves the export.
    """
    inputs = pair.modality(run.route.source).fields
    graph = run.graph()
    example = {name: array[None] for name, array in run.vectors[0].items()}
    data = exporter(graph, inputs, graph.outputs, example)
    metadata = ModelMetadata(
        plugin=pair.name,
        plugin_version=version("xmodkit"),
        route=run.route,
        inputs=inputs,
        outputs=pair.modality(run.route.target).fields,
        opset=exporter.opset,
        calibration=run.calibration,
        training={
            key: run.settings[key]
            for key in (
                "model",
                "seed",
                "stages",
                "parameters",
                "data",
                "split",
                "versions",
                "date",
            )
        },
        metrics=run.metrics,
        licence="MIT",
        vectors=tuple(_vector(graph, [f.name for f in inputs], row) for row in run.vectors),
    )
    write_model_file(path, data, metadata)
    path.with_suffix(".md").write_text(model_card(path.name, metadata), encoding="utf-8")
    return metadata


@torch.no_grad()
def _vector(graph: CalibratedGraph, names: list[str], row: Arrays) -> TestVector:
    feeds = {name: row[name][None] for name in names}
    values = graph(*(torch.from_numpy(feeds[name]) for name in names))
    outputs = {name: value.numpy() for name, value in zip(graph.outputs, values, strict=True)}
    return TestVector(feeds, outputs)
