"""Fixtures of the crystal tests: tiny model files of all routes, made without torch.

Their latent keeps nearly all that images hold: the six numbers of the cell's metric, read off six
voxels, the atomic numbers of the slots, and the images of 64^3 voxels as images of 32^3 with wider
atoms. Energies and stability are made up; novelty grows with the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xmodkit.calibration import Calibration
from xmodkit.modality import Arrays, Axis, Field
from xmodkit.modelfile import ModelMetadata, TestVector, read_model_file, write_model_file
from xmodkit.predictor import ModelPredictor
from xmodkit_crystal.modalities import (
    CELL_SIZE,
    EDGE_A,
    LATENT,
    RECONSTRUCTION_ERROR,
    SIGMA_A,
    SIZE,
    SLOTS,
    STABILITY,
    VOXELS,
)
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.structure import Crystal

OPSET = 20
COARSE, COARSE_SIGMA_A = 32, 0.4
LATENT_SIZE = 6 + SLOTS + SLOTS * COARSE**3
ROUTES = ("crystal:latent", "crystal:crystal", "latent:crystal", "latent:stability")

_IMAGES = "float[n,32,32,32] cell_image, int32[n,5] species, float[n,5,64,64,64] species_images"
_CODE = f"float[n,{LATENT_SIZE}] latent"
_ENCODE = """
    voxels = Reshape (cell_image, rows)
    six = Gather <axis = 1> (voxels, places)
    above = Max (six, little)
    log = Log (above)
    read = MatMul (log, to_metric)
    named = Cast <to = 1> (species)
    apart = Reshape (species_images, singles)
    wide = Conv <strides = [2, 2, 2], pads = [4, 4, 4, 4, 4, 4]> (apart, kernel)
    seen = Reshape (wide, rows_of_slots)
    latent = Concat <axis = 1> (read, named, seen)
"""
_DECODE = """
    metric, elements, images = Split <axis = 1> (latent, parts)
    exponent = MatMul (metric, quadratic)
    values = Exp (exponent)
    again = Reshape (values, cube)
    numbers = Cast <to = 6> (elements)
    drawn = Reshape (images, slots)
    predicted_cell_image = Identity (again)
    predicted_species = Identity (numbers)
    predicted_species_images = Identity (drawn)
"""
_JUDGE = """
    cell, others = Split <axis = 1> (latent, first)
    large = ReduceMean <keepdims = 0> (cell, last)
    novelty = Mul (large, small)
    novel = Greater (novelty, threshold)
    formation_energy = Neg (novelty)
    stability = Sigmoid (formation_energy)
    width = Where (novel, nan, margin)
    below = Mul (width, formation_energy_q_lower)
    above_it = Mul (width, formation_energy_q_upper)
    formation_energy_lower = Sub (formation_energy, below)
    formation_energy_upper = Add (formation_energy, above_it)
"""
_TOLD = "float[n] novelty, bool[n] novel"
_BOUNDED = (
    "float[n] stability, float[n] formation_energy, float[n] formation_energy_lower, "
    f"float[n] formation_energy_upper, {_TOLD}"
)
_CRYSTAL = (
    "float[n,32,32,32] predicted_cell_image, int32[n,5] predicted_species, "
    "float[n,5,32,32,32] predicted_species_images, float[n] predicted_stability"
)
# Each route's inputs, outputs and nodes.
_GRAPHS = {
    "crystal:latent": (
        _IMAGES,
        f"{_CODE}, float[n] reconstruction_error, {_BOUNDED}",
        _ENCODE + _JUDGE + "reconstruction_error = Abs (formation_energy)",
    ),
    "crystal:crystal": (
        _IMAGES,
        f"{_CRYSTAL}, {_TOLD}, {_CODE}",
        _ENCODE + _JUDGE + _DECODE + "predicted_stability = Identity (stability)",
    ),
    "latent:crystal": (
        _CODE,
        f"{_CRYSTAL}, {_TOLD}".replace("predicted_", ""),
        _JUDGE + _DECODE.replace("predicted_", ""),
    ),
    "latent:stability": (_CODE, _BOUNDED, _JUDGE),
}


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Return the tiny model files by route, each with a test vector."""
    pytest.importorskip("onnx")
    from xmodkit_crystal.encode import encode_crystal

    folder = tmp_path_factory.mktemp("tiny")
    cell = np.array([[3.0, 0, 0], [0.3, 4.0, 0], [-0.2, 0.5, 5.0]])
    crystal = Crystal(np.array([23, 8]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), cell)
    feeds = {name: array[None] for name, array in encode_crystal(crystal, 10.0).items()}
    paths = {}
    for name in ROUTES:
        paths[name] = folder / f"{name.replace(':', '-')}.onnx"
        found = _write(paths[name], name, feeds)
        if name == "crystal:latent":
            latent = found["latent"]
        if name == "crystal:crystal":
            feeds = {"latent": latent}
    return paths


def _write(path: Path, name: str, feeds: Arrays) -> Arrays:
    """Write the model file of a route; return what it predicts for feeds."""
    route = CrystalPair().route(name)
    source = VOXELS.fields if route.source == "crystal" else _fields("latent")[:1]
    metadata = ModelMetadata(
        "crystal",
        "1",
        route,
        source,
        _fields(route.target),
        OPSET,
        Calibration("simulated", 0.9, 500, 5.0),
        {"model": "tiny"},
        {},
        "MIT",
        condition={"longest_edge": "13.5"},
        details={"species_sigma": COARSE_SIGMA_A} if route.target == "crystal" else {},
    )
    data = _graph(*_GRAPHS[name])
    write_model_file(path, data, metadata)
    outputs = ModelPredictor(read_model_file(path), "cpu").run_raw(feeds)
    write_model_file(path, data, replace(metadata, vectors=(TestVector(feeds, outputs),)))
    return outputs


def _fields(modality: str) -> tuple[Field, ...]:
    """Return what the tiny models take or give of a modality, with their extents."""
    if modality == "crystal":
        cell, species, images = VOXELS.fields
        axes = tuple(Axis(axis.name, COARSE) for axis in images.axes[1:])
        smaller = replace(images, axes=(images.axes[0], *axes))
        return cell, species, smaller, STABILITY.fields[0]
    if modality == "latent":
        (latent,) = LATENT.fields
        closed = replace(latent, axes=(replace(latent.axes[0], size=LATENT_SIZE),))
        return closed, RECONSTRUCTION_ERROR, *STABILITY.fields
    return STABILITY.fields


def _graph(inputs: str, outputs: str, nodes: str) -> bytes:
    onnx = pytest.importorskip("onnx")
    text = (
        f'<ir_version: 10, opset_import: ["" : {OPSET}]>\n'
        f"tiny ({inputs}) => ({outputs}) {{\n{nodes}\n}}"
    )
    model = onnx.parser.parse_model(text)
    used = {name for node in model.graph.node for name in node.input}
    for name, array in _constants().items():
        if name in used:
            model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


def _constants() -> dict[str, np.ndarray]:
    """Return the constants of all graphs: how to read a metric, how to draw it, how to blur."""
    axis = (np.arange(CELL_SIZE) - CELL_SIZE // 2) / CELL_SIZE
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    steps = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]])
    places = (steps + CELL_SIZE // 2) @ [CELL_SIZE**2, CELL_SIZE, 1]
    to_metric = -2 * SIGMA_A**2 * np.linalg.inv(_squares(steps / CELL_SIZE)).T
    step = EDGE_A / SIZE
    taps = np.exp(-((np.arange(9) - 4) ** 2) * step**2 / (2 * (COARSE_SIGMA_A**2 - SIGMA_A**2)))
    taps *= COARSE_SIGMA_A / SIGMA_A / taps.sum()
    numbers = {
        "to_metric": to_metric,
        "quadratic": _squares(grid).T / (-2 * SIGMA_A**2),
        "kernel": np.einsum("i,j,k->ijk", taps, taps, taps)[None, None],
        "little": 1e-9,
        "small": 0.02,
        "threshold": 5.0,
        "nan": np.nan,
        "margin": 0.3,
        "formation_energy_q_lower": 1.0,
        "formation_energy_q_upper": 1.0,
    }
    shapes = {
        "rows": [-1, CELL_SIZE**3],
        "singles": [-1, 1, SIZE, SIZE, SIZE],
        "rows_of_slots": [-1, SLOTS * COARSE**3],
        "cube": [-1, CELL_SIZE, CELL_SIZE, CELL_SIZE],
        "slots": [-1, SLOTS, COARSE, COARSE, COARSE],
        "parts": [6, SLOTS, SLOTS * COARSE**3],
        "first": [3, LATENT_SIZE - 3],
        "last": [1],
        "places": places,
    }
    return {
        **{name: np.asarray(value, np.float32) for name, value in numbers.items()},
        **{name: np.asarray(value, np.int64) for name, value in shapes.items()},
    }


def _squares(fractional: np.ndarray) -> np.ndarray:
    """Return what multiplies aa, bb, cc, ab, ac, bc in the squared lengths of vectors (n, 3)."""
    x, y, z = fractional.T
    return np.stack([x * x, y * y, z * z, 2 * x * y, 2 * x * z, 2 * y * z], axis=1)
