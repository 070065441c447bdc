"""All numbers of a judged run, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xmodkit.evaluation import Evaluation
from xmodkit.modality import Array
from xmodkit.risk import aurc, paired_bootstrap, spearman
from xmodkit.scores import (
    bound_scores,
    error_curves,
    error_scores,
    finite,
    flat,
    inside_share,
    scalar_errors,
    scalar_scores,
)

__all__ = ["coverage_by_group", "evaluation_numbers"]

_FEWEST_PER_GROUP = 10  # samples below which a group's coverage says nothing


def evaluation_numbers(evaluation: Evaluation) -> dict[str, Any]:
    """Return scores of fields, derived scalars, novelty and groups, and where they come from."""
    found: dict[str, Any] = finite(
        {
            **provenance(evaluation),
            "fields": {name: _field(evaluation, name) for name in evaluation.truth},
            "derived": {name: _scalar(evaluation, name) for name in evaluation.derived_truth},
            "novelty": _novelty(evaluation),
            "by_group": _by_group(evaluation) if evaluation.truth else {},
            "against": _against(evaluation) if evaluation.truth else {},
        }
    )
    return found


def provenance(evaluation: Evaluation) -> dict[str, Any]:
    """Return what was judged, on which data, and what was left out."""
    settings = evaluation.run.settings
    return {
        "run": evaluation.run.name,
        "compared": [run.name for run in evaluation.runs[1:]],
        "route": evaluation.route.name,
        "model": settings["model"],
        "parameters": evaluation.run.parameters,
        "simulated": evaluation.simulated,
        "store": evaluation.store,
        "rows": evaluation.rows,
        "samples": len(evaluation.samples),
        "left_out": dict(evaluation.left_out),
        "reference_samples": len(evaluation.reference),
        "bounds": {
            "kind": evaluation.route.bounds,
            "source": evaluation.bounds_source,
            "stated_coverage": evaluation.coverage,
        },
        "seed": {"training": settings["seed"], "report": evaluation.seed},
        "data": settings["data"],
        "split": settings["split"],
        "date": settings["date"],
        "versions": settings["versions"],
    }


def _field(evaluation: Evaluation, name: str) -> dict[str, Any]:
    truth = flat(evaluation.truth[name])
    value = evaluation.prediction.fields[name]
    scores: dict[str, Any] = {
        "peers": {
            peer: error_scores(truth, flat(found))
            for peer, found in evaluation.offered(name).items()
        }
    }
    if value.lower is not None and value.upper is not None:
        scores["bounds"] = bound_scores(
            truth,
            flat(value.lower),
            flat(value.upper),
            _novelty_of(evaluation),
            flat(evaluation.reference_truth[name]),
            evaluation.coverage,
        )
    if evaluation.truth[name].ndim == 2:
        scores["curves"] = {
            peer: {
                kind: [round(float(v), 5) for v in curve]
                for kind, curve in error_curves(truth, found).items()
            }
            for peer, found in evaluation.offered(name).items()
        }
    return scores


def _scalar(evaluation: Evaluation, name: str) -> dict[str, Any]:
    field = next(f for f in evaluation.pair.derived(evaluation.route) if f.name == name)
    limits = field.valid_range or (-np.inf, np.inf)
    rows = evaluation.scalar_rows(name)
    truth = evaluation.derived_truth[name].value[rows]
    scores: dict[str, Any] = {
        "unit": field.unit,
        "window": list(limits),
        "peers": {
            peer: scalar_errors(truth, values[name][rows], limits)
            for peer, values in evaluation.derived_peers.items()
            if name in values
        },
    }
    scalar = evaluation.prediction.derived[name]
    if scalar.lower is not None and scalar.upper is not None:
        known = evaluation.derived_reference[name].value
        if np.isfinite(known).any():
            scores["bounds"] = scalar_scores(
                truth,
                scalar.value[rows],
                scalar.lower[rows],
                scalar.upper[rows],
                _novelty_of(evaluation)[rows],
                known,
                limits,
                evaluation.coverage,
            )
    return scores


def _novelty(evaluation: Evaluation) -> dict[str, Any]:
    prediction = evaluation.prediction
    if prediction.novelty is None:
        return {}
    there = ~np.isnan(evaluation.loss)
    share = None if prediction.novel is None else float(prediction.novel.mean())
    if not there.any():
        return {"novel_share": share}
    error, novelty = np.sqrt(evaluation.loss[there]), prediction.novelty[there]
    return {
        "novel_share": share,
        "spearman_with_error": spearman(novelty, error),
        "aurc": aurc(error, novelty),
        "aurc_at_random": float(error.mean()),
        "aurc_by_error": aurc(error, error),
    }


def coverage_by_group(evaluation: Evaluation, kind: str) -> Array:
    """Return the pointwise coverage of each group of a kind, of those with enough samples."""
    value = evaluation.prediction.fields[evaluation.field]
    if value.lower is None or value.upper is None:
        return np.empty(0)
    truth = evaluation.truth[evaluation.field]
    inside = inside_share(truth, value.lower, value.upper)
    bounded = ~np.isnan(flat(value.lower)).any(axis=1) & ~np.isnan(inside)
    names, places = np.unique(evaluation.groups[kind][bounded], return_inverse=True)
    counts = np.bincount(places, minlength=len(names))
    means = np.bincount(places, weights=inside[bounded], minlength=len(names))
    enough = counts >= _FEWEST_PER_GROUP
    found: Array = means[enough] / counts[enough]
    return found


def _by_group(evaluation: Evaluation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind, seen in evaluation.seen.items():
        coverage = coverage_by_group(evaluation, kind)
        found[kind] = {
            "groups": len(np.unique(evaluation.groups[kind])),
            "groups_with_enough_samples": len(coverage),
            "coverage_of_worst_group": float(coverage.min()) if coverage.size else None,
            "coverage_of_median_group": float(np.median(coverage)) if coverage.size else None,
            "seen_in_training": _part(evaluation, seen),
            "never_seen": _part(evaluation, ~seen),
        }
    return found


def _part(evaluation: Evaluation, rows: Array) -> dict[str, Any]:
    """Return the main scores of some rows; with fewer than 2 there are none."""
    if rows.sum() < 2:
        return {"samples": int(rows.sum())}
    part, name = evaluation.at(rows), evaluation.field
    scores = _field(part, name)
    run = scores["peers"][part.run.name]
    return {
        "samples": len(part.samples),
        **{key: run[key] for key in ("r2_mean", "r2_min", "mae", "rmse")},
        **{k: v for k, v in scores.get("bounds", {}).items() if k.startswith("coverage")},
        **{name: _scalar(part, name)["peers"][part.run.name] for name in part.derived_truth},
    }


def _against(evaluation: Evaluation) -> dict[str, Mapping[str, Any]]:
    """Return how much lower the run's error is than each peer's, with a paired bootstrap."""
    by = str(evaluation.run.settings["split"]["by"])
    grouped = by in evaluation.groups and len(np.unique(evaluation.groups[by])) > 1
    units = evaluation.groups[by] if grouped else np.arange(len(evaluation.samples))
    there = ~np.isnan(evaluation.loss)
    own = np.sqrt(evaluation.loss[there])
    found: dict[str, Mapping[str, Any]] = {}
    for peer in list(evaluation.offered(evaluation.field))[1:]:
        other = np.sqrt(evaluation.loss_of(peer)[there])
        difference, low, high = paired_bootstrap(own, other, units[there], evaluation.seed)
        found[peer] = {
            "rmse_difference": difference,
            "interval_95": [low, high],
            "units": by if grouped else "sample",
            "excludes_zero": low > 0 or high < 0,
        }
    return found


def _novelty_of(evaluation: Evaluation) -> Array:
    novelty = evaluation.prediction.novelty
    return np.zeros(len(evaluation.samples)) if novelty is None else novelty
