"""Calibrate a model file again on pairs measured on site: numpy and onnxruntime alone.

Few pairs cannot fix a quantile per channel and tail: below `REFIT` pairs the model's own bounds
keep their shape and are rescaled by one conformal factor a quantity, in which the channels of a
curve and the samples of a unit count as repeats (`conformal.unit_quantile`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from xmodkit import conformal, rescale
from xmodkit.calibration import Calibration, ScalarBounds, StratifiedBounds
from xmodkit.changes import compare
from xmodkit.errors import UsageError
from xmodkit.modality import Array
from xmodkit.modelfile import ModelFile, ModelMetadata, TestVector
from xmodkit.pair import ModalityPair, Options
from xmodkit.paired import (
    PairedRows,
    Quantiles,
    predict_pairs,
    read_quantiles,
    replace_bounds,
)
from xmodkit.pairs import Pairs
from xmodkit.predictor import ModelPredictor

__all__ = ["FEWEST_PAIRS", "REFIT", "Recalibrated", "recalibrate"]

FEWEST_PAIRS = 20
# From here a quantile per channel and tail (the coverage of each has a standard deviation of .013)
# and a novelty threshold of 1 %: it then rests on four rows, not on the one worst.
REFIT = 500
# The largest share of good rows that a novelty threshold may flag.
_MOST_FLAGGED = 0.05


@dataclass(frozen=True)
class Recalibrated:
    """The new model and its metadata, and what changed as plain JSON values."""

    model: bytes
    metadata: ModelMetadata
    summary: Mapping[str, Any]


def recalibrate(
    file: ModelFile,
    pair: ModalityPair,
    pairs: Pairs,
    coverage: float | None = None,
    options: Options | None = None,
) -> Recalibrated:
    """Return a model file's graph and metadata with bounds and threshold fitted to the pairs.

    `coverage` is the file's own by default. Raise `UsageError` if the pairs are fewer than
    `FEWEST_PAIRS`, or too few for the coverage.
    """
    old = file.metadata.calibration
    stated = old.coverage if coverage is None else coverage
    if not 0 < stated < 1:
        raise UsageError(f"coverage {stated:g} given, a share between 0 and 1 expected")
    if file.metadata.route.bounds == "none":
        raise UsageError(f"{file.path}: route {file.metadata.route.name} has no bounds to fit")
    _require(len(pairs.samples), stated)
    pair = pair.configured(options or {}, ModelPredictor(file, device="cpu"))
    rows = predict_pairs(file, pair, pairs, options or {})
    _require(len(rows.ids), stated)
    units = rows.independent
    if units < conformal.fewest_rows(stated):
        # Nothing can be said of a further unit: say it of further rows of these.
        rows = replace(rows, units=np.arange(len(rows.ids)))
    before = read_quantiles(file)
    quantiles = _field_quantiles(rows, before, stated)
    new = Calibration(
        "simulated" if pairs.simulated else "local",
        stated,
        len(rows.ids),
        _threshold(rows, old.novelty_threshold),
        _scalar_bounds(rows, pair, file, stated),
        {
            name: conformal.curve_factor(
                rows.truth[name], *rows.bounds(quantiles, name), stated, rows.units
            )
            for name in quantiles
        },
        average=old.average,
    )
    summary = {
        "source": new.source,
        "coverage": stated,
        "pairs": len(rows.ids),
        "left_out": len(pairs.samples) - len(rows.ids),
        "units": units,
        "group": pairs.group,
        "units_fit": units == rows.independent,
        "method": "refitted" if _refits(rows) else "rescaled",
        "coverage_interval": list(conformal.coverage_interval(rows.independent, stated)),
        "novelty": _novelty(rows, old, new),
        "quantities": compare(rows, (before, old), (quantiles, new)),
    }
    new = replace(new, origin=_origin(file, pairs, summary))
    model = replace_bounds(file, quantiles, new.novelty_threshold)
    metadata = replace(file.metadata, calibration=new)
    return Recalibrated(model, _with_vectors(file, model, metadata), summary)


def _require(given: int, coverage: float) -> None:
    needed = max(FEWEST_PAIRS, conformal.fewest_rows(coverage))
    if given < needed:
        raise UsageError(
            f"{given} pairs given, at least {needed} needed for bounds of {coverage:.0%}: "
            "measure more, or use the file with the bounds it has"
        )


def _field_quantiles(rows: PairedRows, before: Quantiles, coverage: float) -> Quantiles:
    quantiles: dict[str, tuple[Array, Array]] = {}
    for name, shape in before.items():
        truth, value, scale = rows.truth[name], rows.value[name], rows.scale[name]
        if _refits(rows):
            quantiles[name] = conformal.field_quantiles(truth, value, scale, coverage)
            continue
        known = np.asarray(~np.isnan(truth).all(axis=0))
        lower, upper = _usable(*shape, known)
        scores = rescale.field_scores(truth, value, scale, lower, upper)
        factor = conformal.unit_quantile(scores, coverage, rows.units)
        below, above = rescale.rescale_field(lower, upper, factor)
        # What no pair measured and the file knew nothing of stays open.
        never = ~known & ~np.isfinite(shape[0] + shape[1])
        quantiles[name] = np.where(never, shape[0], below), np.where(never, shape[1], above)
    return quantiles


def _scalar_bounds(
    rows: PairedRows, pair: ModalityPair, file: ModelFile, coverage: float
) -> dict[str, StratifiedBounds]:
    known = file.metadata.calibration.derived
    found: dict[str, StratifiedBounds] = {}
    for field in pair.derived(pair.route(file.metadata.route.name)):
        there = rows.scalar_rows[field.name]
        scalar, truth = rows.scalars[field.name][there], rows.true_scalars[field.name].value[there]
        limits = field.valid_range or (-np.inf, np.inf)
        if _refits(rows):
            found[field.name] = conformal.scalar_bounds(
                truth, scalar.value, coverage, limits, scalar.strength
            )
            continue
        even = StratifiedBounds((ScalarBounds((), (-1.0,), (1.0,), limits),))
        bounds = known.get(field.name, even)
        scores = rescale.scalar_scores(bounds, truth, scalar.value, scalar.strength)
        factor = conformal.unit_quantile(scores, coverage, rows.units[there])
        found[field.name] = rescale.rescale_scalar(bounds, factor)
    return found


def _refits(rows: PairedRows) -> bool:
    """Say whether there are pairs enough, each a unit of its own, to fit all bounds anew."""
    return rows.independent == len(rows.ids) >= REFIT


def _usable(lower: Array, upper: Array, known: Array) -> tuple[Array, Array]:
    """Return a field's quantiles; those of the bare scale where they are no finite interval.

    All are, if any channel of which something is known has none.
    """
    finite = np.isfinite(lower + upper) & (lower + upper > 0)
    if finite[known].all():
        return np.where(finite, lower, 1), np.where(finite, upper, 1)
    return np.ones_like(lower), np.ones_like(upper)


def _threshold(rows: PairedRows, old: float) -> float:
    """Return the novelty threshold: the old one unless it flags more than 5 % of the rows.

    It is then raised to what flags 5 %: fewer than `REFIT` pairs cannot tell 1 %, and their
    largest novelty may be that of one bad crop. From `REFIT` pairs on it is fitted at 1 %.
    """
    if _refits(rows):
        return conformal.novelty_threshold(rows.novelty)
    if (rows.novelty > old).mean() <= _MOST_FLAGGED:
        return old
    found = conformal.unit_quantile(rows.novelty, 1 - _MOST_FLAGGED, rows.units)
    return max(old, min(found, float(rows.novelty.max())))


def _novelty(rows: PairedRows, old: Calibration, new: Calibration) -> dict[str, Any]:
    before, after = old.novelty_threshold, new.novelty_threshold
    return {
        "threshold_before": before,
        "threshold_after": after,
        "share_before": float((rows.novelty > before).mean()),
        "share_after": float((rows.novelty > after).mean()),
        "method": "refitted" if _refits(rows) else "kept" if after == before else "raised",
    }


def _origin(file: ModelFile, pairs: Pairs, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the new file says of its calibration: when, on what, in place of what."""
    old = file.metadata.calibration
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "pairs": pairs.hash,
        **{
            name: summary[name]
            for name in ("units", "group", "units_fit", "method", "coverage_interval")
        },
        "novelty": summary["novelty"]["method"],
        "replaces": {
            "model": file.path.name,
            "graph": file.graph_hash,
            "source": old.source,
            "coverage": old.coverage,
            "rows": old.rows,
            "novelty_threshold": old.novelty_threshold,
        },
    }


def _with_vectors(file: ModelFile, model: bytes, metadata: ModelMetadata) -> ModelMetadata:
    """Return metadata whose test vectors expect what the new model gives on the CPU."""
    predictor = ModelPredictor(replace(file, data=model, metadata=metadata), device="cpu")
    vectors = tuple(
        TestVector(vector.inputs, predictor.run_raw(vector.inputs)) for vector in metadata.vectors
    )
    return replace(metadata, vectors=vectors)
