"""Judge a cross-fitted model by what the models of its folds say of rows they never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xmodkit import measured
from xmodkit.batching import joined_scalars
from xmodkit.evaluation import TRAINING_MEAN
from xmodkit.modality import Array, Arrays
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route, Sample
from xmodkit.scores import finite, flat, r2_pooled
from xmodkit.train.averages import Average
from xmodkit.train.folds import Folds
from xmodkit.train.judge import Bounded, bounded, calibrate, score
from xmodkit.train.outcomes import joined
from xmodkit.train.raw import Outcome, measured_samples, predicted_fields
from xmodkit.train.run import Judged
from xmodkit.train.vectors import test_vectors

__all__ = ["judge_folds"]


def judge_folds(
    pair: ModalityPair,
    model: Model,
    route: Route,
    outcomes: Sequence[Outcome],
    folds: Folds,
    samples: Sequence[Sample],
    source: str,
) -> Judged:
    """Calibrate on all out-of-fold predictions, score each fold with bounds of the others.

    `model` is the run's own, `samples` are all rows in their order, `outcomes` one per fold.
    """
    every = joined(outcomes)
    quantiles, calibration = calibrate(pair, route, every, source)
    fields = predicted_fields(pair, route, model, samples[0])
    apart = _judged_apart(pair, route, outcomes, source)
    metrics = score(pair, route, fields, apart, every.truth)
    if route.bounds != "none":
        baselines = _baselines(pair, model, route, outcomes, folds, samples)
        for name in quantiles:
            metrics[name] |= finite(_pooled(outcomes, name)) | finite(
                {
                    f"r2_pooled_of_{peer.replace(' ', '_')}": _r2(every.truth[name], found[name])
                    for peer, found in baselines.items()
                    if name in found
                }
            )
    vectors = test_vectors(pair, model, route, samples)
    return Judged(
        route, quantiles, calibration, metrics, vectors, model.details(route.name, samples)
    )


def _judged_apart(
    pair: ModalityPair, route: Route, outcomes: Sequence[Outcome], source: str
) -> Bounded:
    """Return all outcomes, each fold's with the bounds that the other folds calibrate."""
    parts = []
    for number, outcome in enumerate(outcomes):
        others = joined([o for i, o in enumerate(outcomes) if i != number])
        parts.append(bounded(pair, route, outcome, *calibrate(pair, route, others, source)))
    first = parts[0]
    return Bounded(
        joined([part.outcome for part in parts]),
        np.concatenate([part.novel for part in parts]),
        {name: _joined_bounds([part.bounds[name] for part in parts]) for name in first.bounds},
        {name: joined_scalars([part.derived[name] for part in parts]) for name in first.derived},
        {name: _joined_means([part.averages[name] for part in parts]) for name in first.averages},
    )


def _joined_bounds(parts: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    lower, upper = zip(*parts, strict=True)
    return np.concatenate(lower), np.concatenate(upper)


def _joined_means(parts: Sequence[Average]) -> Average:
    return Average(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("truth", "value", "lower", "upper")
        )
    )


def _pooled(outcomes: Sequence[Outcome], name: str) -> dict[str, Any]:
    return {"r2_pooled_by_fold": [_r2(o.truth[name], o.value[name]) for o in outcomes]}


def _r2(truth: Array, value: Array) -> float:
    return r2_pooled(flat(truth), flat(value))


def _baselines(
    pair: ModalityPair,
    model: Model,
    route: Route,
    outcomes: Sequence[Outcome],
    folds: Folds,
    samples: Sequence[Sample],
) -> dict[str, Arrays]:
    """Return what needs no network, by name: fitted without each fold, predicted for it."""
    parts: list[Mapping[str, Arrays]] = []
    for number, outcome in enumerate(outcomes):
        known = joined([o for i, o in enumerate(outcomes) if i != number]).truth
        mean = {
            name: np.broadcast_to(measured.mean(known[name]), truth.shape)
            for name, truth in outcome.truth.items()
        }
        held = {int(i) for i in folds.held(number)}
        training = [sample for i, sample in enumerate(samples) if i not in held]
        test = measured_samples(model, route, [samples[i] for i in sorted(held)])
        parts.append({TRAINING_MEAN: mean, **pair.baselines(route, training, test)})
    return {
        peer: {name: np.concatenate([p[peer][name] for p in parts]) for name in parts[0][peer]}
        for peer in parts[0]
    }
