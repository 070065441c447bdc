"""Calibrate and score a trained model on rows it never saw, and gather the finished run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.modality import Arrays
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route
from xmodkit.train.data import Dataset, data_source, samples_at
from xmodkit.train.judge import calibrate, predict_raw, score
from xmodkit.train.run import Run
from xmodkit.train.splits import Splits

__all__ = ["assess"]

_VECTORS = 3


def assess(
    pair: ModalityPair,
    model: Model,
    route: Route,
    store: Path,
    out: Path,
    data: Dataset,
    splits: Splits,
    settings: Mapping[str, Any],
) -> Run:
    """Calibrate on the calibration rows, score on the test rows, and return the run, unsaved."""
    graph = model.graph(route.name).eval()
    fields = [field.name for field in pair.modality(route.target).fields]
    held = list(samples_at(store, pair, route, splits["calibration"]))
    quantiles, calibration = calibrate(
        pair, route, predict_raw(pair, route, graph, held), data_source(data)
    )
    tested = list(samples_at(store, pair, route, splits["test"]))
    reference = {name: data.arrays[name][splits["train"]] for name in fields}
    metrics = score(
        pair, route, predict_raw(pair, route, graph, tested), quantiles, calibration, reference
    )
    vectors = [pair.encode(sample, route, {})[0] for sample in tested[:_VECTORS]]
    vectors.append(_noise(pair, route, vectors[0]))
    return Run(out, settings, route, model, quantiles, calibration, metrics, vectors)


def _noise(pair: ModalityPair, route: Route, like: Arrays) -> Arrays:
    """Return a row of uniform noise in every field's valid range: a test vector that is novel."""
    rng = np.random.default_rng(0)
    ranges = {f.name: f.valid_range for f in pair.modality(route.source).fields}
    return {
        name: array
        if (ends := ranges.get(name)) is None
        else rng.uniform(*ends, array.shape).astype(array.dtype)
        for name, array in like.items()
    }
