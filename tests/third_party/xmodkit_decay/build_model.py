"""Calibrate and write the model file of decay:lifetime, `xmodkit_decay/lifetime.onnx`.

The model is a straight line through log counts, weighted by the counts (their logarithm has the
variance 1 / counts), in plain ONNX operators: of the whole curve, and before and after the mean
arrival time. Padding has no counts, hence no weight. Novelty is the reduced chi-square.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper, parser
from xmodkit_decay.modalities import DECAY, LIFETIME, LONGEST_NS
from xmodkit_decay.pair import Decay
from xmodkit_decay.simulator import simulate

from xmodkit.batching import Batcher
from xmodkit.calibration import Calibration
from xmodkit.conformal import conformal_quantile, novelty_threshold, scalar_bounds
from xmodkit.modelfile import ModelMetadata, TestVector, write_model_file
from xmodkit.predictor import ModelPredictor

OPSET = 20
COVERAGE = 0.9
ROWS = 2000
SEED = 2024

# (n, point) in; the windows (whole, early, late) are axis 1 of (n, 3, point) and (n, 3, 1).
GRAPH = """
<ir_version: 10, opset_import: ["": %d]>
decay (float[n, point] time, int32[n, point] counts) => (
    float[n, 2] lifetime, float[n, 2] lifetime_lower, float[n, 2] lifetime_upper,
    float[n] novelty, bool[n] novel, float[n, 3] latent
) {
    whole = Cast <to = 1> (counts)
    photons = ReduceSum (whole, axis1)
    weighted_time = Mul (whole, time)
    time_sum = ReduceSum (weighted_time, axis1)
    some_photons = Max (photons, tiny)
    mean_time = Div (time_sum, some_photons)
    is_early = LessOrEqual (time, mean_time)
    early = Where (is_early, whole, zero)
    late = Where (is_early, zero, whole)

    whole3 = Unsqueeze (whole, axis1)
    early3 = Unsqueeze (early, axis1)
    late3 = Unsqueeze (late, axis1)
    w = Concat <axis = 1> (whole3, early3, late3)
    t = Unsqueeze (time, axis1)
    at_least_one = Max (whole3, one)
    y = Log (at_least_one)

    w_sum = ReduceSum (w, axis2)
    w_some = Max (w_sum, tiny)
    wt = Mul (w, t)
    wt_sum = ReduceSum (wt, axis2)
    t_mean = Div (wt_sum, w_some)
    wy = Mul (w, y)
    wy_sum = ReduceSum (wy, axis2)
    y_mean = Div (wy_sum, w_some)
    dt = Sub (t, t_mean)
    dy = Sub (y, y_mean)
    wdt = Mul (w, dt)
    wdtdt = Mul (wdt, dt)
    wdtdt_sum = ReduceSum (wdtdt, axis2)
    spread = Add (wdtdt_sum, tiny)
    wdtdy = Mul (wdt, dy)
    wdtdy_sum = ReduceSum (wdtdy, axis2)
    slope = Div (wdtdy_sum, spread)

    falling = Neg (slope)
    rate = Max (falling, slowest)
    spread_root = Sqrt (spread)
    error = Div (factor, spread_root)
    highest = Add (rate, error)
    lowest = Sub (rate, error)
    value3 = Reciprocal (rate)
    lower3 = Reciprocal (highest)
    upper3 = Reciprocal (lowest)

    line = Mul (slope, dt)
    residual = Sub (dy, line)
    residual2 = Mul (residual, residual)
    chi2_terms = Mul (w, residual2)
    chi2 = ReduceSum (chi2_terms, axis2)
    counted = Greater (w, zero)
    counted1 = Cast <to = 1> (counted)
    points = ReduceSum (counted1, axis2)
    free = Sub (points, two)
    some_free = Max (free, one)
    reduced_chi2 = Div (chi2, some_free)

    novelty3 = Gather <axis = 1> (reduced_chi2, first)
    novelty = Squeeze (novelty3, axes12)
    is_unlike = Greater (novelty, threshold)
    half_rate = Mul (rate, half)
    is_vague3 = Greater (error, half_rate)
    is_vague1 = Cast <to = 1> (is_vague3)
    vague = ReduceMax <keepdims = 0> (is_vague1, axes12)
    is_vague = Greater (vague, zero)
    novel = Or (is_unlike, is_vague)
    novel2 = Unsqueeze (novel, axis1)

    value2 = Squeeze (value3, axis2)
    lower2 = Squeeze (lower3, axis2)
    upper2 = Squeeze (upper3, axis2)
    lifetime = Gather <axis = 1> (value2, windows)
    lower = Gather <axis = 1> (lower2, windows)
    upper = Gather <axis = 1> (upper2, windows)
    lifetime_lower = Where (novel2, nan, lower)
    lifetime_upper = Where (novel2, nan, upper)
    latent = Squeeze (slope, axis2)
}
"""


_AXES = {"axis1": [1], "axis2": [2], "axes12": [1, 2], "first": [0], "windows": [1, 2]}
_NUMBERS = {
    "zero": 0,
    "half": 0.5,
    "one": 1,
    "two": 2,
    "tiny": 1e-6,
    "nan": np.nan,
    "slowest": 1 / LONGEST_NS,
}


def build_graph(factor: Sequence[float] = (1, 1), threshold: float = 1e30) -> bytes:
    """Return the graph; bounds lie `factor` standard errors of the rate away, per window."""
    constants: Mapping[str, NDArray[np.float32] | NDArray[np.int64]] = {
        **{name: np.array(axes, np.int64) for name, axes in _AXES.items()},
        **{name: np.array(number, np.float32) for name, number in _NUMBERS.items()},
        "factor": np.array([1, *factor], np.float32).reshape(1, 3, 1),
        "threshold": np.array(threshold, np.float32),
    }
    model = parser.parse_model(GRAPH % OPSET)
    model.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in constants.items())
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


def build(path: Path) -> None:
    """Write the model file, its bounds calibrated on simulated curves (split conformal)."""
    draft = ModelMetadata(
        plugin="decay",
        plugin_version="0.1.0",
        route=Decay.routes[0],
        inputs=DECAY.fields,
        outputs=LIFETIME.fields,
        opset=OPSET,
        calibration=Calibration("simulated", COVERAGE, ROWS, 1e30),
        training={"model": "weighted log-linear regression", "data": "simulated"},
        metrics={},
        licence="MIT",
    )
    write_model_file(path, build_graph(), draft)
    factor, calibration = calibrate(path)
    graph = build_graph(factor, calibration.novelty_threshold)
    final = replace(draft, calibration=calibration)
    write_model_file(path, graph, final)
    write_model_file(path, graph, replace(final, vectors=vectors(path)))


def calibrate(path: Path) -> tuple[list[float], Calibration]:
    """Return the factor of each window's standard error, and the bounds of the half-life."""
    samples = list(simulate(ROWS, SEED))
    truth = np.array([sample.arrays["lifetime"]["lifetime"] for sample in samples])
    found = Batcher(ModelPredictor(path, "cpu")).run([s.arrays["decay"] for s in samples])
    assert found.lower is not None
    assert found.novelty is not None
    score = np.abs(1 / truth - 1 / found.value) / (1 / found.lower - 1 / found.value)
    factor = [float(f) for f in conformal_quantile(score, COVERAGE)]
    threshold = novelty_threshold(found.novelty)
    bounds = scalar_bounds(np.log(2) * truth[:, 0], np.log(2) * found.value[:, 0], COVERAGE)
    return factor, Calibration("simulated", COVERAGE, ROWS, threshold, {"half_life": bounds})


def vectors(path: Path) -> tuple[TestVector, ...]:
    """Return two curves, and what the file makes of them."""
    predictor = ModelPredictor(path, "cpu")
    feeds = [
        {name: array[None] for name, array in sample.arrays["decay"].items()}
        for sample in simulate(2, SEED, start=ROWS)
    ]
    return tuple(TestVector(feed, predictor.run_raw(feed)) for feed in feeds)


if __name__ == "__main__":
    build(Path(__file__).parent / "xmodkit_decay" / "lifetime.onnx")
