"""Calibrate and score what a trained graph says of samples that training never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from xmodkit.measured import mean, scalar_rows
from xmodkit.modality import Array, Field
from xmodkit.pair import ModalityPair, Route
from xmodkit.prediction import Derived
from xmodkit.scores import answered, field_scores, finite, flat, scalar_scores
from xmodkit.train.averages import Average, average_scores, averages
from xmodkit.train.raw import Outcome
from xmodkit.train.reconstruction import reconstruction_scores

__all__ = ["COVERAGE", "Bounded", "bounded", "calibrate", "score"]

COVERAGE = 0.9

Quantiles = Mapping[str, tuple[Array, Array]]


@dataclass(frozen=True)
class Bounded:
    """An outcome with a calibration's bounds, of fields, scalars and averages; novel: none."""

    outcome: Outcome
    novel: Array
    bounds: Mapping[str, tuple[Array, Array]]
    derived: Mapping[str, Derived]
    averages: Mapping[str, Average]


def calibrate(
    pair: ModalityPair, route: Route, held: Outcome, source: str
) -> tuple[Quantiles, Calibration]:
    """Fit bounds of fields and derived scalars and the novelty threshold on held-out rows.

    Fields without a scale, or without a truth, get no bounds. A route that declares none gets the
    threshold alone, which rows without a truth tell too.
    """
    threshold = novelty_threshold(np.concatenate([held.novelty, held.unmeasured]))
    if route.bounds == "none":
        return {}, Calibration("none", COVERAGE, len(held.novelty), threshold)
    held = _answered(held)
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


def _answered(held: Outcome) -> Outcome:
    """Return an outcome whose declined samples count as not measured: they get no bounds."""
    truth = {
        name: answered(flat(true), flat(held.value[name])).reshape(true.shape)
        for name, true in held.truth.items()
        if name in held.value
    }
    return replace(held, truth={**held.truth, **truth})


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
    truths, values = held.derive(pair, route, held.truth), held.scalars
    bounds = {}
    for declared in pair.derived(route):
        known = scalar_rows(truths[declared.name].value, held.truth)
        truth, value = truths[declared.name][known], values[declared.name][known]
        limits = declared.valid_range or (-np.inf, np.inf)
        bounds[declared.name] = scalar_bounds(
            truth.value, value.value, COVERAGE, limits, value.strength
        )
    return bounds


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
    derived = calibration.bound(outcome.scalars, novel)
    return Bounded(outcome, novel, bounds, derived, means)


def score(
    pair: ModalityPair,
    route: Route,
    fields: Sequence[Field],
    test: Bounded,
    reference: Mapping[str, Array],
) -> dict[str, Any]:
    """Score a test outcome by what the route declares: fields with or without bounds.

    `fields` are those predicted, `reference` truths of other rows, for the baselines without a
    network.
    """
    scores: dict[str, Any] = {"novel_share": float(test.novel.mean())}
    if route.bounds == "none":
        outcome = test.outcome
        for field in fields:
            if field.name in outcome.truth:
                truth, value = outcome.truth[field.name], outcome.value[field.name]
                guess = mean(reference[field.name])
                scores[field.name] = reconstruction_scores(field, truth, value, guess)
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
        rows = scalar_rows(truth[declared.name].value, outcome.truth)
        scores[declared.name] = scalar_scores(
            truth[declared.name].value[rows],
            scalar.value[rows],
            scalar.lower[rows],
            scalar.upper[rows],
            outcome.novelty[rows],
            known[declared.name].value,
            declared.valid_range or (-np.inf, np.inf),
            COVERAGE,
        )
    return scores
