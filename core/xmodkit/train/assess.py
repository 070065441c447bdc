"""Judge a trained model on rows it never saw, on every route it offers, and gather the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.modality import Array, Arrays
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route, Sample
from xmodkit.train.data import Dataset, data_source, samples_at
from xmodkit.train.judge import calibrate, predict_raw, score
from xmodkit.train.run import Judged, Run
from xmodkit.train.splits import Splits

__all__ = ["assess"]

_VECTORS, _WITH_INPUTS = 3, 9  # samples with further inputs show what these may be


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
    """Calibrate on the calibration rows, score on the test rows, and return the run, unsaved.

    `route` is the one the model was trained for; the others it offers are judged too, each with
    bounds and a novelty threshold of its own, where the samples hold their source.
    """
    held = list(samples_at(store, pair, route, splits["calibration"]))
    tested = list(samples_at(store, pair, route, splits["test"]))
    source = data_source(data)
    judged = {}
    for name in model.routes:
        direction = pair.route(name)
        if direction.source in held[0].arrays:
            fields = [field.name for field in pair.modality(direction.target).fields]
            known = {n: data.arrays[n][splits["train"]] for n in fields if n in data.arrays}
            judged[name] = _judge(pair, model, direction, held, tested, known, source)
    return Run(out, settings, pair, model, judged)


def _judge(
    pair: ModalityPair,
    model: Model,
    route: Route,
    held: Sequence[Sample],
    tested: Sequence[Sample],
    training: Mapping[str, Array],
    source: str,
) -> Judged:
    outcome = predict_raw(pair, route, model, held)
    quantiles, calibration = calibrate(pair, route, outcome, source)
    # Without bounds the baseline is a mean in the model's own resolution: training rows are
    # prepared otherwise.
    reference = outcome.truth if route.bounds == "none" else training
    metrics = score(
        pair, route, predict_raw(pair, route, model, tested), quantiles, calibration, reference
    )
    return Judged(route, quantiles, calibration, metrics, _vectors(pair, model, route, tested))


def _vectors(
    pair: ModalityPair, model: Model, route: Route, samples: Sequence[Sample]
) -> list[Arrays]:
    """Return test vectors: a few samples and noise, which is novel.

    The first one's further inputs are the model's default, and so the file's.
    """
    shown = samples[: _WITH_INPUTS if route.inputs else _VECTORS]
    rows = [pair.encode(sample, route, {})[0] for sample in shown]
    rows.append(_noise(pair, route, rows[0]))
    default = model.inputs(route.name)
    own = [model.inputs(route.name, sample) for sample in shown[1:]]
    return [{**r, **i} for r, i in zip(rows, [default, *own, default], strict=True)]


def _noise(pair: ModalityPair, route: Route, like: Arrays) -> Arrays:
    """Return a row of uniform noise in every field's valid range, or in 0..1 without one."""
    rng = np.random.default_rng(0)
    ranges = {f.name: f.valid_range or (0.0, 1.0) for f in pair.modality(route.source).fields}
    return {
        name: rng.uniform(*ranges[name], array.shape).astype(array.dtype)
        for name, array in like.items()
    }
