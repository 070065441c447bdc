"""Fixtures shared by all tests: a tiny real model file, made without torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xmodkit.calibration import Calibration, ScalarBounds, StratifiedBounds
from xmodkit.modality import Axis, Field
from xmodkit.modelfile import ModelMetadata, TestVector, read_model_file, write_model_file
from xmodkit.pair import Route
from xmodkit.predictor import ModelPredictor

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
