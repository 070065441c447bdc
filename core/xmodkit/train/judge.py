"""Calibrate and score a trained graph on raw samples that training never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xmodkit.calibration import Calibration, StratifiedBounds
from xmodkit.conformal import curve_factor, field_quantiles, novelty_threshold, scalar_bounds
from xmodkit.modality import Array, stacked
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route, Sample
from xmodkit.scores import field_scores, finite, flat, scalar_scores
from xmodkit.train.inference import run_samples
from xmodkit.train.reconstruction import reconstruction_scores

__all__ = ["COVERAGE", "Outcome", "calibrate", "predict_raw", "score"]

COVERAGE = 0.9

Quantiles = Mapping[str, tuple[Array, Array]]


@dataclass(frozen=True)
class Outcome:
    """What a raw graph says of some samples, and their truth."""

    truth: Mapping[str, Array]
    value: Mapping[str, Array]
    scale: Mapping[str, Array]
    novelty: Array


def predict_raw(
    pair: ModalityPair, route: Route, model: Model, samples: Sequence[Sample]
) -> Outcome:
    """Run a route's raw graph on raw samples.

    Further inputs take the model's default. Truths are as the model predicts them; a target
    without truth (a latent) has none.
    """
    graph = model.graph(route.name).eval()
    found = run_samples(graph, pair, route, samples, model.inputs(route.name))
    fields = [field.name for field in pair.modality(route.target).fields]
    return Outcome(
        stacked([model.target(route.name, sample) for sample in samples]),
        {name: found[name] for name in fields},
        {name: found[f"{name}_scale"] for name in fields if f"{name}_scale" in found},
        found["novelty"],
    )


def calibrate(
    pair: ModalityPair, route: Route, held: Outcome, source: str
) -> tuple[Quantiles, Calibration]:
    """Fit bounds of fields and derived scalars and the novelty threshold on held-out rows.

    A route that declares no bounds gets the threshold alone.
    """
    threshold = novelty_threshold(held.novelty)
    if route.bounds == "none":
        return {}, Calibration("none", COVERAGE, len(held.novelty), threshold)
    quantiles = {
        name: field_quantiles(held.truth[name], held.value[name], scale, COVERAGE)
        for name, scale in held.scale.items()
    }
    calibration = Calibration(
        source,
        COVERAGE,
        len(held.novelty),
        threshold,
        _derived_bounds(pair, route, held),
        {
            name: curve_factor(
                held.truth[name],
                held.value[name] - held.scale[name] * below,
                held.value[name] + held.scale[name] * above,
                COVERAGE,
            )
            for name, (below, above) in quantiles.items()
        },
    )
    return quantiles, calibration


def _derived_bounds(pair: ModalityPair, route: Route, held: Outcome) -> dict[str, StratifiedBounds]:
    truth, value = pair.derive(held.truth, route), pair.derive(held.value, route)
    return {
        field.name: scalar_bounds(
            truth[field.name].value,
            value[field.name].value,
            COVERAGE,
            field.valid_range or (-np.inf, np.inf),
            value[field.name].strength,
        )
        for field in pair.derived(route)
    }


def score(
    pair: ModalityPair,
    route: Route,
    test: Outcome,
    quantiles: Quantiles,
    calibration: Calibration,
    reference: Mapping[str, Array],
) -> dict[str, Any]:
    """Score a test outcome by what the route declares: fields with or without bounds.

    `reference` are truths of other rows, for the baselines without a network.
    """
    novel = ~(test.novelty <= calibration.novelty_threshold)
    scores: dict[str, Any] = {"novel_share": float(novel.mean())}
    if route.bounds == "none":
        for field in pair.modality(route.target).fields:
            if field.name in test.truth:
                truth, value = test.truth[field.name], test.value[field.name]
                mean = reference[field.name].mean(axis=0)
                scores[field.name] = reconstruction_scores(field, truth, value, mean)
    else:
        scores |= _bounded_scores(pair, route, test, quantiles, calibration, reference, novel)
    found_scores: dict[str, Any] = finite(scores)
    return found_scores


def _bounded_scores(
    pair: ModalityPair,
    route: Route,
    test: Outcome,
    quantiles: Quantiles,
    calibration: Calibration,
    reference: Mapping[str, Array],
    novel: Array,
) -> dict[str, Any]:
    """Score every field and every derived scalar by their own bounds."""
    scores: dict[str, Any] = {}
    for name, (below, above) in quantiles.items():
        lower = test.value[name] - test.scale[name] * below
        upper = test.value[name] + test.scale[name] * above
        lower[novel], upper[novel] = np.nan, np.nan
        scores[name] = field_scores(
            flat(test.truth[name]),
            flat(test.value[name]),
            flat(lower),
            flat(upper),
            test.novelty,
            flat(reference[name]),
            calibration.coverage,
        )
    truth = pair.derive(test.truth, route)
    found = calibration.bound(pair.derive(test.value, route), novel)
    known = pair.derive(reference, route)
    for field in pair.derived(route):
        scalar = found[field.name]
        if scalar.lower is None or scalar.upper is None:
            continue
        scores[field.name] = scalar_scores(
            truth[field.name].value,
            scalar.value,
            scalar.lower,
            scalar.upper,
            test.novelty,
            known[field.name].value,
            field.valid_range or (-np.inf, np.inf),
            calibration.coverage,
        )
    return scores
