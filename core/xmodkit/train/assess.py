"""Judge a trained model on rows it never saw, on every route it offers, and gather the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.conformal import fewest_rows
from xmodkit.modality import Array, stacked
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route, Sample
from xmodkit.train.data import Dataset, data_source, samples_at
from xmodkit.train.inference import run_samples
from xmodkit.train.judge import COVERAGE, bounded, calibrate, score
from xmodkit.train.raw import measured_samples, predict_raw, predicted_fields
from xmodkit.train.run import Judged, Run
from xmodkit.train.splits import Splits
from xmodkit.train.vectors import test_vectors

__all__ = ["assess", "known_truths", "open_bounds", "with_latent"]

LATENT = "latent"
_REFERENCE_ROWS = 5000  # more move neither mean nor quantiles


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
    held = with_latent(pair, model, list(samples_at(store, pair, route, splits["calibration"])))
    tested = with_latent(pair, model, list(samples_at(store, pair, route, splits["test"])))
    source = data_source(data)
    judged = {}
    for name in model.routes:
        direction = pair.route(name)
        if direction.source in held[0].arrays:
            known = known_truths(pair, model, direction, store, data, splits["train"], held[0])
            judged[name] = _judge(pair, model, direction, held, tested, known, source)
    return Run(out, settings, pair, model, judged)


def open_bounds(pair: ModalityPair, model: Model, rows: int) -> str | None:
    """Return what must be said where calibration rows are too few for bounds with an end."""
    bounded = [name for name in model.routes if pair.route(name).bounds != "none"]
    needed = fewest_rows((1 + COVERAGE) / 2)  # each tail has half the error rate
    if not bounded or rows >= needed:
        return None
    return (
        f"calibration has {rows} rows, {needed} needed: bounds of {', '.join(bounded)} will be "
        "infinite; give more samples, or a larger share with --fractions"
    )


def with_latent(pair: ModalityPair, model: Model, samples: list[Sample]) -> list[Sample]:
    """Return samples with their latents where the model offers a route from there.

    Latents are those of the route that the model is trained for.
    """
    first, *others = (pair.route(name) for name in model.routes)
    if not any(route.source == LATENT for route in others) or LATENT in samples[0].arrays:
        return samples
    graph = model.graph(first.name).eval()
    found = run_samples(graph, pair, first, samples, model.inputs(first.name))[LATENT]
    return [
        replace(sample, arrays={**sample.arrays, LATENT: {LATENT: latent}})
        for sample, latent in zip(samples, found, strict=True)
    ]


def known_truths(
    pair: ModalityPair,
    model: Model,
    route: Route,
    store: Path,
    data: Dataset,
    rows: Array,
    like: Sample,
) -> Mapping[str, Array]:
    """Return a route's truths of training rows: as prepared, else from some raw samples.

    They have the fields that the truth of the sample `like` has.
    """
    names = model.target(route.name, like)
    if all(name in data.arrays for name in names):
        return {name: data.arrays[name][rows] for name in names}
    some = np.random.default_rng(0).permutation(rows)[:_REFERENCE_ROWS]
    stored = pair.route(model.routes[0])  # a latent, another route's source, is not in a store
    samples = measured_samples(model, route, list(samples_at(store, pair, stored, some)))
    return stacked([model.target(route.name, sample) for sample in samples])


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
    test = bounded(pair, route, predict_raw(pair, route, model, tested), quantiles, calibration)
    fields = predicted_fields(pair, route, model, tested[0])
    metrics = score(pair, route, fields, test, reference)
    return Judged(
        route,
        quantiles,
        calibration,
        metrics,
        test_vectors(pair, model, route, tested),
        model.details(route.name, held),
    )
