"""Fixtures of the saxs-sem tests: frames, micrographs and two tiny model files made without torch.

The tiny saxs:sem model takes the wave vector off the frame's second moments and draws stripes
across it, one phase per seed; sem:saxs always predicts the same pair of spots. Both call a sample
novel that they can say nothing of: a frame without q, a micrograph of one grey level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xmodkit.calibration import Calibration, ScalarBounds, StratifiedBounds
from xmodkit.modality import Arrays, Axis, Field
from xmodkit.modelfile import ModelMetadata, TestVector, read_model_file, write_model_file
from xmodkit.pair import Route, Sample
from xmodkit.predictor import ModelPredictor
from xmodkit_saxs_sem.modalities import (
    ENSEMBLE,
    LOG_INTENSITY,
    PHI,
    PIXEL_NM,
    PROBABILITY,
    Q_GRID,
    R_NM,
    SAXS,
    SEM,
    STATISTICS,
)

OPSET = 20
PERIOD, ANGLE = 36.0, 30.0  # nm and degrees of what is painted

_MORPHOLOGY = """
<ir_version: 10, opset_import: ["" : 20]>
tiny (float[n,row,column] intensity, uint8[n,row,column] mask, float[n,row,column] qx,
      float[n,row,column] qy, float[n] phi, int64[m] seed, float spread) =>
     (uint8[n,96,96] micrograph, float[n] pixel_nm, float[n,96,96] probability,
      uint8[n,m,96,96] ensemble, float[n,48] two_point, float[n,48] two_point_lower,
      float[n,48] two_point_upper, float[n,48] lineal_path_vertical,
      float[n,48] lineal_path_vertical_lower, float[n,48] lineal_path_vertical_upper,
      float[n,48] lineal_path_horizontal, float[n,48] lineal_path_horizontal_lower,
      float[n,48] lineal_path_horizontal_upper, float[n] novelty, bool[n] novel,
      float[n,2] latent)
{
    squared = Mul (intensity, intensity)
    measured = Cast <to = 1> (mask)
    weight = Mul (squared, measured)
    xx = Mul (qx, qx)
    yy = Mul (qy, qy)
    xy = Mul (qx, qy)
    wxx = Mul (weight, xx)
    wyy = Mul (weight, yy)
    wxy = Mul (weight, xy)
    total = ReduceSum <keepdims = 0> (weight, plane)
    safe = Add (total, little)
    sxx = ReduceSum <keepdims = 0> (wxx, plane)
    syy = ReduceSum <keepdims = 0> (wyy, plane)
    sxy = ReduceSum <keepdims = 0> (wxy, plane)
    mxx = Div (sxx, safe)
    myy = Div (syy, safe)
    kx = Sqrt (mxx)
    rooted = Sqrt (myy)
    side = Sign (sxy)
    ky = Mul (rooted, side)
    tilted = Unsqueeze (kx, three)
    raised = Unsqueeze (ky, three)
    along = Mul (tilted, x)
    up = Mul (raised, y)
    wave = Add (along, up)
    number = Cast <to = 1> (seed)
    turned = Mul (number, golden)
    phase = Mul (turned, spread)
    shifts = Unsqueeze (phase, plane)
    angle = Add (wave, shifts)
    level = Cos (angle)
    bright = Greater (level, dim)
    one = Cast <to = 1> (bright)
    levels = Mul (one, white)
    ensemble = Cast <to = 2> (levels)
    micrograph = Gather <axis = 1> (ensemble, first)
    steep = Mul (level, four)
    shares = Sigmoid (steep)
    probability = Gather <axis = 1> (shares, first)
    none = Mul (kx, zero)
    pixel_nm = Add (none, four)
    every = ReduceMean <keepdims = 0> (one, pixels)
    area = Unsqueeze (every, last)
    two_point = Mul (area, correlation)
    lineal_path_vertical = Mul (area, path)
    lineal_path_horizontal = Mul (area, path)
    strongest = ReduceMax <keepdims = 0> (xx, plane)
    unknown = Equal (strongest, zero)
    novelty = Where (unknown, far, near)
    novel = Greater (novelty, threshold)
    hidden = Unsqueeze (novel, last)
    width = Where (hidden, nan, margin)
    two_point_below = Mul (width, two_point_q_lower)
    two_point_above = Mul (width, two_point_q_upper)
    two_point_lower = Sub (two_point, two_point_below)
    two_point_upper = Add (two_point, two_point_above)
    lineal_path_vertical_below = Mul (width, lineal_path_vertical_q_lower)
    lineal_path_vertical_above = Mul (width, lineal_path_vertical_q_upper)
    lineal_path_vertical_lower = Sub (lineal_path_vertical, lineal_path_vertical_below)
    lineal_path_vertical_upper = Add (lineal_path_vertical, lineal_path_vertical_above)
    lineal_path_horizontal_below = Mul (width, lineal_path_horizontal_q_lower)
    lineal_path_horizontal_above = Mul (width, lineal_path_horizontal_q_upper)
    lineal_path_horizontal_lower = Sub (lineal_path_horizontal, lineal_path_horizontal_below)
    lineal_path_horizontal_upper = Add (lineal_path_horizontal, lineal_path_horizontal_above)
    kept = Unsqueeze (kx, last)
    kept_up = Unsqueeze (ky, last)
    latent = Concat <axis = 1> (kept, kept_up)
}
"""

_SCATTERING = """
<ir_version: 10, opset_import: ["" : 20]>
tiny (uint8[n,y,x] micrograph, float[n] pixel_nm) =>
     (float[n,96,96] intensity, uint8[n,96,96] mask, float[n,96,96] qx, float[n,96,96] qy,
      float[n,96,96] log_intensity, float[n,96,96] log_intensity_lower,
      float[n,96,96] log_intensity_upper, float[n] novelty, bool[n] novel, float[n,1] latent)
{
    levels = Cast <to = 1> (micrograph)
    top = ReduceMax <keepdims = 0> (levels, plane)
    bottom = ReduceMin <keepdims = 0> (levels, plane)
    contrast = Sub (top, bottom)
    flat = Equal (contrast, zero)
    novelty = Where (flat, far, near)
    novel = Greater (novelty, threshold)
    none = Mul (pixel_nm, zero)
    nothing = Unsqueeze (none, plane)
    intensity = Add (nothing, spots)
    log_intensity = Add (nothing, decades)
    qx = Add (nothing, across)
    qy = Add (nothing, upwards)
    measured = Add (nothing, ones)
    mask = Cast <to = 2> (measured)
    hidden = Unsqueeze (novel, plane)
    width = Where (hidden, nan, margin)
    below = Mul (width, log_intensity_q_lower)
    above = Mul (width, log_intensity_q_upper)
    log_intensity_lower = Sub (log_intensity, below)
    log_intensity_upper = Add (log_intensity, above)
    latent = Unsqueeze (contrast, last)
}
"""

_SCALARS = {
    "little": 1e-12, "golden": 2.4, "white": 255, "four": 4, "zero": 0, "far": 10, "near": 1,
    "threshold": 5, "nan": np.nan, "margin": 0.02, "dim": 0.1,
}  # fmt: skip


def spots(qx: np.ndarray, qy: np.ndarray, width: float = 0.018) -> np.ndarray:
    """Return scattering of stripes of 36 nm whose wave vector points 30 degrees up."""
    k = 2 * np.pi / PERIOD * np.array([np.cos(np.radians(ANGLE)), np.sin(np.radians(ANGLE))])
    found = np.ones(qx.shape)
    for sign in (-1, 1):
        distance = (qx - sign * k[0]) ** 2 + (qy - sign * k[1]) ** 2
        found += 400 * np.exp(-distance / (2 * width**2))
    return found


def frame(
    rows: int = 90, columns: int = 120, *, known: bool = True, seed: int = 1
) -> dict[str, np.ndarray]:
    """Return a frame with a gap, a beam stop and, if `known`, q."""
    across = (np.arange(columns) - 0.45 * columns) * 1.4 / columns
    up = (0.55 * rows - np.arange(rows)) * 1.05 / rows
    qx, qy = (np.ascontiguousarray(q, np.float32) for q in np.meshgrid(across, up))
    counts = np.random.default_rng(seed).poisson(20 * spots(qx, qy))
    mask = np.ones((rows, columns), np.uint8)
    mask[:, columns // 4] = 0
    mask[np.hypot(qx, qy) < 0.03] = 0
    q = 1 if known else 0
    intensity = (counts * mask).astype(np.float32)
    return {"intensity": intensity, "mask": mask, "qx": qx * q, "qy": qy * q}


def micrograph(rows: int = 240, columns: int = 300, seed: int = 2) -> dict[str, np.ndarray]:
    """Return a micrograph of the same stripes, with noise."""
    y, x = np.mgrid[:rows, :columns] * 2.0
    turn = np.radians(ANGLE)
    stripes = np.cos(2 * np.pi / PERIOD * (x * np.cos(turn) - y * np.sin(turn))) > 0
    noise = np.random.default_rng(seed).normal(0, 12, stripes.shape)
    levels = np.clip(90 + 80 * stripes + noise, 0, 255).astype(np.uint8)
    return {"micrograph": levels, "pixel_nm": np.array(2, np.float32)}


@pytest.fixture(scope="session")
def film() -> Sample:
    """Return a sample with both modalities."""
    arrays = {"saxs": frame(), "sem": micrograph()}
    return Sample("film 1", arrays, "film.h5", metadata={"simulated": True})


@pytest.fixture(scope="session")
def measured_films() -> list[Sample]:
    """Return as many samples as `calibrate` needs, which differ by their noise."""
    return [
        Sample(f"m{i}", {"saxs": frame(seed=i), "sem": micrograph(seed=i)}, "film.h5")
        for i in range(24)
    ]


@pytest.fixture(scope="session")
def unknown_q() -> Sample:
    """Return a frame whose q is not known."""
    return Sample("picture", {"saxs": frame(known=False)}, "picture.tif")


@pytest.fixture(scope="session")
def morphology_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny model file of saxs:sem, with a test vector at each of two seeds."""
    path = tmp_path_factory.mktemp("model") / "saxs-sem.onnx"
    y, x = -PIXEL_NM * np.arange(96), PIXEL_NM * np.arange(96)
    constants = {
        "x": x[None, None, None], "y": y[None, None, :, None],
        "correlation": 0.5 + 0.5 * np.exp(-R_NM / 20)[None], "path": np.exp(-R_NM / 12)[None],
        **_quantiles(*STATISTICS),
    }  # fmt: skip
    integers = {"plane": [1, 2], "three": [1, 2, 3], "pixels": [1, 2, 3], "last": [1], "first": 0}
    bounds = StratifiedBounds((ScalarBounds((), (-2.0,), (2.0,)),))
    metadata = _metadata(
        Route("saxs", "sem", bounds="ensemble", inputs=("seed", "spread")),
        (*SAXS.fields, PHI),
        (*SEM.fields, PROBABILITY, ENSEMBLE, *STATISTICS),
        {"domain_spacing": bounds},
    )
    metadata = replace(
        metadata,
        further=(Field("seed", (Axis("member"),), "int64", fill=0), Field("spread")),
        defaults={"seed": np.arange(40), "spread": np.array(1, np.float32)},
    )
    feeds = {**{name: array[None] for name, array in frame(20, 24).items()}}
    feeds["phi"] = np.zeros(1, np.float32)
    seeds = [np.arange(3), np.arange(5, 8)]
    spreads = [np.array(value, np.float32) for value in (1, 0.5)]
    vectors = [{**feeds, "seed": s, "spread": w} for s, w in zip(seeds, spreads, strict=True)]
    _write(path, _graph(_MORPHOLOGY, constants, integers), metadata, vectors)
    return path


@pytest.fixture(scope="session")
def scattering_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny model file of sem:saxs, with a test vector."""
    path = tmp_path_factory.mktemp("model") / "sem-saxs.onnx"
    across, upwards = np.meshgrid(Q_GRID, -Q_GRID)
    pattern = spots(across, upwards)
    pattern /= pattern.mean()
    constants = {
        "spots": pattern[None], "decades": np.log10(pattern)[None], "across": across[None],
        "upwards": upwards[None], "ones": np.ones((1, 96, 96)),
        **_quantiles(LOG_INTENSITY, shape=(96, 96)),
    }  # fmt: skip
    metadata = _metadata(Route("sem", "saxs"), SEM.fields, (*SAXS.fields, LOG_INTENSITY), {})
    sem = micrograph(12, 14)
    feeds = {name: np.asarray(array)[None] for name, array in sem.items()}
    graph = _graph(_SCATTERING, constants, {"plane": [1, 2], "last": [1]})
    _write(path, graph, metadata, [feeds])
    return path


@pytest.fixture(scope="session")
def predict(morphology_model: Path, scattering_model: Path) -> Callable[..., object]:
    """Return a function that predicts one sample on a route, with derived values."""
    from xmodkit.batching import Batcher
    from xmodkit.complete import complete_prediction
    from xmodkit_saxs_sem.pair import SaxsSem

    pair = SaxsSem()
    models = {"saxs": morphology_model, "sem": scattering_model}

    def run(sample: Sample, source: str, **options: object) -> object:
        predictor = ModelPredictor(models[source], "cpu")
        route = pair.route(predictor.route.name)
        batcher = Batcher(predictor, 8, pair.inputs(route, options))
        rows = batcher.run(pair.encode(sample, route, options))
        return complete_prediction(pair, route, predictor, rows)[0]

    return run


def _metadata(
    route: Route, inputs: tuple[Field, ...], outputs: tuple[Field, ...], derived: dict
) -> ModelMetadata:
    calibration = Calibration("simulated", 0.9, 500, 5.0, derived)
    return ModelMetadata(
        "saxs-sem", "1", route, inputs, outputs, OPSET, calibration, {"model": "tiny"}, {}, "MIT"
    )  # fmt: skip


def _quantiles(*fields: Field, shape: tuple[int, ...] = R_NM.shape) -> dict[str, np.ndarray]:
    """Return the quantiles by which bounds lie from their value: what `calibrate` replaces."""
    ends = [f"{field.name}_q_{end}" for field in fields for end in ("lower", "upper")]
    return dict.fromkeys(ends, np.ones(shape))


def _graph(text: str, constants: dict[str, np.ndarray], integers: dict) -> bytes:
    onnx = pytest.importorskip("onnx")
    model = onnx.parser.parse_model(text)
    used = {name for node in model.graph.node for name in node.input}
    for name, value in {**_SCALARS, **constants}.items():
        if name in used:
            array = np.asarray(value, np.float32)
            model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    for name, value in integers.items():
        array = np.asarray(value, np.int64)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


def _write(path: Path, data: bytes, metadata: ModelMetadata, feeds: list[Arrays]) -> None:
    write_model_file(path, data, metadata)
    predictor = ModelPredictor(read_model_file(path), "cpu")
    vectors = tuple(TestVector(each, predictor.run_raw(each)) for each in feeds)
    write_model_file(path, data, replace(metadata, vectors=vectors))
