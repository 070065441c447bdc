"""Calibrate and score a trained graph on raw samples that training never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xmodkit.calibration import Calibration, StratifiedBounds
from xmodkit.conformal import (
    average_factor,
    curve_factor,
    field_quantiles,
    novelty_threshold,
    scalar_bounds,
)
from xmodkit.modality import Array, coordinates, stacked
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route, Sample
from xmodkit.prediction import Derived
from xmodkit.scores import field_scores, finite, flat, scalar_scores
from xmodkit.train.averages import Average, average_scores, averages
from xmodkit.train.inference import run_samples
from xmodkit.train.reconstruction import reconstruction_scores

__all__ = ["COVERAGE", "Bounded", "Outcome", "bounded", "calibrate", "predict_raw", "score"]

COVERAGE = 0.9

Quantiles = Mapping[str, tuple[Array, Array]]


@dataclass(frozen=True)
class Outcome:
    """What a raw graph says of some samples, and their truth.

    Samples of one of `groups` average to one measurement; `coordinates` are those of the fields'
    axes, by name.
    """

    truth: Mapping[str, Array]
    value: Mapping[str, Array]
    scale: Mapping[str, Array]
    novelty: Array
    groups: Array
    coordinates: Mapping[str, Array] = field(default_factory=dict)

    def derive(
        self, pair: ModalityPair, route: Route, fields: Mapping[str, Array]
    ) -> Mapping[str, Derived]:
        """Return scalars derived from fields on the coordinates of this outcome."""
        return pair.derive({**fields, **self.coordinates}, route)


@dataclass(frozen=True)
class Bounded:
    """An outcome with a calibration's bounds, of fields, scalars and averages; novel: none."""

    outcome: Outcome
    novel: Array
    bounds: Mapping[str, tuple[Array, Array]]
    derived: Mapping[str, Derived]
    averages: Mapping[str, Average]


def predict_raw(
    pair: ModalityPair, route: Route, model: Model, samples: Sequence[Sample]
) -> Outcome:
    """Run a route's raw graph on raw samples.

    Further inputs take the model's default. Truths are as the model predicts them; a target
    without truth (a latent) has none.
    """
    graph = model.graph(route.name).eval()
    found = run_samples(graph, pair, route, samples, model.inputs(route.name))
    target = pair.modality(route.target).at(samples[0].coordinates).fields
    fields = [field.name for field in target]
    return Outcome(
        stacked([model.target(route.name, sample) for sample in samples]),
        {name: found[name] for name in fields},
        {name: found[f"{name}_scale"] for name in fields if f"{name}_scale" in found},
        found["novelty"],
        np.array([sample.groups.get(pair.averaged or "", sample.id) for sample in samples]),
        coordinates(a for field in model.outputs(route.name, target) for a in field.axes),
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
    curve: dict[str, float] = {}
    average: dict[str, float] = {}
    for name, (lower, upper) in _field_bounds(held, quantiles).items():
        truth, value = held.truth[name], held.value[name]
        curve[name] = curve_factor(truth, lower, upper, COVERAGE)
        if pair.averaged is not None:
            factor = average_factor(truth, value, lower, upper, held.groups, COVERAGE)
            average |= {name: factor} if factor != 1 else {}
    calibration = Calibration(
        source,
        COVERAGE,
        len(held.novelty),
        threshold,
        _derived_bounds(pair, route, held),
        curve,
        average=average,
    )
    return quantiles, calibration


def _field_bounds(outcome: Outcome, quantiles: Quantiles) -> dict[str, tuple[Array, Array]]:
    """Return every field's bounds, of novel rows too."""
    return {
        name: (
            outcome.value[name] - outcome.scale[name] * below,
            outcome.value[name] + outcome.scale[name] * above,
        )
        for name, (below, above) in quantiles.items()
    }


def _derived_bounds(pair: ModalityPair, route: Route, held: Outcome) -> dict[str, StratifiedBounds]:
    truth, value = (held.derive(pair, route, fields) for fields in (held.truth, held.value))
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


def bounded(
    pair: ModalityPair,
    route: Route,
    outcome: Outcome,
    quantiles: Quantiles,
    calibration: Calibration,
) -> Bounded:
    """Return an outcome with the bounds that a calibration gives it."""
    novel = ~(outcome.novelty <= calibration.novelty_threshold)
    if route.bounds == "none":
        return Bounded(outcome, novel, {}, {}, {})
    bounds = _field_bounds(outcome, quantiles)
    for lower, upper in bounds.values():
        lower[novel], upper[novel] = np.nan, np.nan
    means = {
        name: averages(
            outcome.truth[name],
            outcome.value[name],
            *bounds[name],
            outcome.groups,
            calibration.average.get(name, 1.0),
        )
        for name in bounds
        if pair.averaged is not None
    }
    derived = calibration.bound(outcome.derive(pair, route, outcome.value), novel)
    return Bounded(outcome, novel, bounds, derived, means)


def score(
    pair: ModalityPair, route: Route, test: Bounded, reference: Mapping[str, Array]
) -> dict[str, Any]:
    """Score a test outcome by what the route declares: fields with or without bounds.

    `reference` are truths of other rows, for the baselines without a network.
    """
    scores: dict[str, Any] = {"novel_share": float(test.novel.mean())}
    if route.bounds == "none":
        outcome = test.outcome
        for field in pair.modality(route.target).fields:
            if field.name in outcome.truth:
                truth, value = outcome.truth[field.name], outcome.value[field.name]
                mean = reference[field.name].mean(axis=0)
                scores[field.name] = reconstruction_scores(field, truth, value, mean)
    else:
        scores |= _bounded_scores(pair, route, test, reference)
    found_scores: dict[str, Any] = finite(scores)
    return found_scores


def _bounded_scores(
    pair: ModalityPair, route: Route, test: Bounded, reference: Mapping[str, Array]
) -> dict[str, Any]:
    """Score every field, every average and every derived scalar by their own bounds."""
    outcome = test.outcome
    scores: dict[str, Any] = {}
    for name, (lower, upper) in test.bounds.items():
        scores[name] = field_scores(
            flat(outcome.truth[name]),
            flat(outcome.value[name]),
            flat(lower),
            flat(upper),
            outcome.novelty,
            flat(reference[name]),
            COVERAGE,
        )
        if name in test.averages and len(test.averages[name].truth):
            scores[f"{name} per {pair.averaged}"] = average_scores(test.averages[name])
    truth = outcome.derive(pair, route, outcome.truth)
    known = outcome.derive(pair, route, reference)
    for declared in pair.derived(route):
        scalar = test.derived[declared.name]
        if scalar.lower is None or scalar.upper is None:
            continue
        scores[declared.name] = scalar_scores(
            truth[declared.name].value,
            scalar.value,
            scalar.lower,
            scalar.upper,
            outcome.novelty,
            known[declared.name].value,
            declared.valid_range or (-np.inf, np.inf),
            COVERAGE,
        )
    return scores
