"""Fixtures shared by all tests: a tiny model file made without torch, and trained models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from xmodkit.calibration import Calibration, ScalarBounds, StratifiedBounds
from xmodkit.modality import Axis, Field
from xmodkit.modelfile import ModelMetadata, TestVector, read_model_file, write_model_file
from xmodkit.pair import Route, Sample
from xmodkit.predictor import ModelPredictor
from xmodkit.records import held, sample_columns, sample_rows
from xmodkit.store import StoreWriter

if TYPE_CHECKING:
    from xmodkit.train import Run

OPSET = 20
SCAN = Field("scan", (Axis("y"), Axis("x"), Axis("channel", 3)), "uint8", valid_range=(0, 255))
LEVEL = Field("level", (Axis("channel", 3),), unit="1")


def tiny_graph(opset: int = OPSET) -> bytes:
    """Return a graph: an image's mean colour, bounds of 10 levels, novel above a mean of 200."""
    helper = pytest.importorskip("onnx").helper
    kind = pytest.importorskip("onnx").TensorProto
    constants = {"ten": np.float32(10), "limit": np.float32(200), "nan": np.float32(np.nan)}
    initializers = [
        helper.make_tensor(name, kind.FLOAT, [], [float(value)])
        for name, value in constants.items()
    ]
    initializers.append(helper.make_tensor("yx", kind.INT64, [2], [1, 2]))
    initializers.append(helper.make_tensor("c", kind.INT64, [1], [1]))
    node = helper.make_node
    nodes = [
        node("Cast", ["scan"], ["image"], to=kind.FLOAT),
        node("ReduceMean", ["image", "yx"], ["level"], keepdims=0),
        node("ReduceMean", ["level", "c"], ["novelty"], keepdims=0),
        node("Greater", ["novelty", "limit"], ["novel"]),
        node("Unsqueeze", ["novel", "c"], ["hidden"]),
        node("Sub", ["level", "ten"], ["below"]),
        node("Add", ["level", "ten"], ["above"]),
        node("Where", ["hidden", "nan", "below"], ["level_lower"]),
        node("Where", ["hidden", "nan", "above"], ["level_upper"]),
        node("Identity", ["level"], ["latent"]),
    ]
    curve = ["n", 3]
    outputs = [
        helper.make_tensor_value_info(name, kind.FLOAT, curve)
        for name in ("level", "level_lower", "level_upper")
    ]
    outputs += [
        helper.make_tensor_value_info("novelty", kind.FLOAT, ["n"]),
        helper.make_tensor_value_info("novel", kind.BOOL, ["n"]),
        helper.make_tensor_value_info("latent", kind.FLOAT, curve),
    ]
    inputs = [helper.make_tensor_value_info("scan", kind.UINT8, ["n", "y", "x", 3])]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 10
    data: bytes = model.SerializeToString()
    return data


def tiny_metadata() -> ModelMetadata:
    """Return the metadata of the tiny graph, without test vectors."""
    bounds = ScalarBounds((1.0,), (-0.2, -0.3), (0.2, 0.3), (0.0, 5.0))
    return ModelMetadata(
        plugin="tiny",
        plugin_version="1",
        route=Route("scan", "level"),
        inputs=(SCAN,),
        outputs=(LEVEL,),
        opset=OPSET,
        calibration=Calibration(
            "simulated", 0.9, 500, 200.0, {"brightness": StratifiedBounds((bounds,))}
        ),
        training={"model": "mean"},
        metrics={},
        licence="MIT",
    )


@pytest.fixture
def tiny_model(tmp_path: Path) -> Path:
    """Write the tiny model file with one test vector and return its path."""
    path = tmp_path / "tiny.onnx"
    data, metadata = tiny_graph(), tiny_metadata()
    write_model_file(path, data, metadata)
    image = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(1, 5, 4, 3)
    outputs = ModelPredictor(read_model_file(path), "cpu").run_raw({"scan": image})
    vector = TestVector({"scan": image}, outputs)
    write_model_file(path, data, replace(metadata, vectors=(vector,)))
    return path


def painted(n: int, seed: int = 0) -> list[Sample]:
    """Return samples whose colours follow their spectra: drops of sigmoid edges on white.

    What light leaves is exp(-2 alpha t) (two passes) at 600, 540 and 450 nm.
    """
    random = np.random.default_rng(seed)
    energy = np.linspace(1.31, 3.1, 220)
    samples = []
    for i in range(n):
        edge, most = random.uniform(1.6, 3.0), random.uniform(0.3, 1.2)
        spectrum = most / (1 + np.exp(-12 * (energy - edge)))
        colour = 255 * np.exp(-2 * np.interp([2.05, 2.3, 2.75], energy, spectrum))
        scan = np.full((40, 40, 3), 250.0)
        y, x = np.mgrid[:40, :40] - 19.5
        scan[np.hypot(y, x) < random.uniform(10, 16)] = colour
        noisy = np.clip(scan + random.normal(0, 2, scan.shape), 0, 255).astype(np.uint8)
        arrays = {
            "scan": {"scan": noisy},
            "absorption": {"absorption": spectrum.astype(np.float32)},
        }
        known = {"simulated": True, "edge_ev": edge}
        samples.append(Sample(f"s{i}", arrays, metadata=known, groups={"plate": str(i // 4)}))
    return samples


@pytest.fixture(scope="session")
def paint() -> Callable[..., list[Sample]]:
    """Return the function that paints samples."""
    return painted


@pytest.fixture(scope="session")
def painted_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of 160 painted samples."""
    from xmodkit import plugins

    path = tmp_path_factory.mktemp("painted") / "samples.zarr"
    samples = painted(160)
    modalities = held(samples[0], plugins.pair("uvvis").modalities)
    with StoreWriter.create(path, sample_columns(modalities)) as writer:
        writer.append(sample_rows(samples, modalities))
    return path


@pytest.fixture(scope="session")
def trained(painted_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """Return a function that trains a model of uvvis on painted samples, once a session."""
    pytest.importorskip("torch")
    from xmodkit import plugins
    from xmodkit.train import TrainJob, train

    epochs = {"cvae": 60, "vae": 40}

    @cache
    def run(model: str) -> Run:
        out = tmp_path_factory.mktemp("run") / model
        job = TrainJob(
            plugins.pair("uvvis"), model, painted_store, out, epochs=epochs.get(model, 2)
        )
        return train(job)

    return run


@pytest.fixture(scope="session")
def exported(
    trained: Callable[[str], Run], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Path]:
    """Return a function that exports a route of a trained model, once a session."""
    pytest.importorskip("onnxscript")
    from xmodkit import plugins
    from xmodkit.train import write_model

    @cache
    def export(model: str, route: str) -> Path:
        path = tmp_path_factory.mktemp("exported") / f"{model}-{route.replace(':', '-')}.onnx"
        run = trained(model)
        write_model(run, run.pair, plugins.exporter("onnx"), path, run.pair.route(route))
        return path

    return export
