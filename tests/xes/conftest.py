"""Fixtures of the xes tests: a tiny model file of sulfur emission made without torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xmodkit.calibration import Calibration
from xmodkit.modelfile import ModelMetadata, TestVector, read_model_file, write_model_file
from xmodkit.pair import Route
from xmodkit.predictor import ModelPredictor
from xmodkit_xes.modalities import CLUSTER, XES

ENERGIES = tuple(float(energy) for energy in np.linspace(2455, 2475, 41))
OPSET = 20


def spectrum_graph() -> bytes:
    """Return a graph: a line at 2465 eV as high as the mean of Z exp(-r / 2), bounds of 10 %.

    Novel is what holds more than 500 protons within the cut-off.
    """
    helper = pytest.importorskip("onnx").helper
    kind = pytest.importorskip("onnx").TensorProto
    line = np.exp(-(((np.array(ENERGIES) - 2465) / 2) ** 2)).astype(np.float32)
    scalars = {"half": -0.5, "share": 0.1, "nan": np.nan, "limit": 500.0, "hundred": 100.0}
    initial = [helper.make_tensor(name, kind.FLOAT, [], [value]) for name, value in scalars.items()]
    initial.append(helper.make_tensor("line", kind.FLOAT, [1, len(ENERGIES)], line))
    for name, axis in (("atoms", 1), ("last", -1)):
        initial.append(helper.make_tensor(name, kind.INT64, [1], [axis]))
    node = helper.make_node
    nodes = [
        node("Cast", ["numbers"], ["z"], to=kind.FLOAT),
        node("ReduceL2", ["positions", "last"], ["distance"], keepdims=0),
        node("Mul", ["distance", "half"], ["scaled"]),
        node("Exp", ["scaled"], ["near"]),
        node("Mul", ["near", "z"], ["weighted"]),
        node("ReduceSum", ["weighted", "atoms"], ["sum"], keepdims=1),
        node("Div", ["sum", "hundred"], ["latent"]),
        node("Mul", ["latent", "line"], ["xes"]),
        node("ReduceSum", ["z", "atoms"], ["novelty"], keepdims=0),
        node("Greater", ["novelty", "limit"], ["novel"]),
        node("Unsqueeze", ["novel", "last"], ["hidden"]),
        node("Mul", ["xes", "share"], ["width"]),
        node("Sub", ["xes", "width"], ["below"]),
        node("Add", ["xes", "width"], ["above"]),
        node("Where", ["hidden", "nan", "below"], ["xes_lower"]),
        node("Where", ["hidden", "nan", "above"], ["xes_upper"]),
    ]
    curve = ["n", len(ENERGIES)]
    outputs = [
        helper.make_tensor_value_info(name, kind.FLOAT, curve)
        for name in ("xes", "xes_lower", "xes_upper")
    ]
    outputs += [
        helper.make_tensor_value_info("novelty", kind.FLOAT, ["n"]),
        helper.make_tensor_value_info("novel", kind.BOOL, ["n"]),
        helper.make_tensor_value_info("latent", kind.FLOAT, ["n", 1]),
    ]
    inputs = [
        helper.make_tensor_value_info("numbers", kind.INT32, ["n", "atom"]),
        helper.make_tensor_value_info("positions", kind.FLOAT, ["n", "atom", 3]),
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 10
    data: bytes = model.SerializeToString()
    return data


@pytest.fixture(scope="session")
def sulfur_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model file of structure:xes for sulfur, with a test vector."""
    path = tmp_path_factory.mktemp("model") / "structure-xes-S.onnx"
    data = spectrum_graph()
    metadata = ModelMetadata(
        plugin="xes",
        plugin_version="1",
        route=Route("structure", "xes"),
        inputs=CLUSTER.fields,
        outputs=XES.at({"xes_energy": ENERGIES}).fields,
        opset=OPSET,
        calibration=Calibration("simulated", 0.9, 500, 500.0, average={"xes": 0.5}),
        training={"model": "tiny"},
        metrics={},
        licence="MIT",
        condition={"absorber": "S"},
    )
    write_model_file(path, data, metadata)
    feeds = {
        "numbers": np.array([[16, 1, 1]], np.int32),
        "positions": np.array([[[0, 0, 0], [0, 0, 1.3], [1.3, 0, 0]]], np.float32),
    }
    outputs = ModelPredictor(read_model_file(path), "cpu").run_raw(feeds)
    write_model_file(path, data, replace(metadata, vectors=(TestVector(feeds, outputs),)))
    return path
