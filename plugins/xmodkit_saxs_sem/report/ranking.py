"""The error that ranks samples, and the samples that are shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit.evaluation import Evaluation
from xmodkit.modality import Arrays

__all__ = ["chosen_rows", "error_name", "sample_errors"]

_RANKED_BY = ("two_point", "log_intensity", "micrograph")
_NAMES = {
    "two_point": "mean absolute error of S(r)",
    "log_intensity": "mean absolute error of log intensity",
    "micrograph": "share of wrong pixels",
}


def error_name(evaluation: Evaluation) -> str:
    """Return what `sample_errors` are, in words."""
    return _NAMES[_field(evaluation)]


def sample_errors(evaluation: Evaluation, fields: Arrays | None = None) -> NDArray[np.float64]:
    """Return each sample's mean absolute error (n,), of the judged run or of a peer's fields.

    Of S(r) where there is one, as published; else of log intensity where it was measured; else of
    images, as a share of wrong pixels.
    """
    name = _field(evaluation)
    found = evaluation.peers[evaluation.run.name] if fields is None else fields
    error = np.abs(found[name] - evaluation.truth[name]).reshape(len(evaluation.samples), -1)
    known = ~np.isnan(error)
    total = np.where(known, error, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.asarray(total / 255 if name == "micrograph" else total, np.float64)


def chosen_rows(evaluation: Evaluation, each: int) -> dict[str, list[int]]:
    """Return the samples of least, middle and largest error, up to so many each."""
    order = np.argsort(sample_errors(evaluation), kind="stable")
    few = min(each, len(order))
    middle = (len(order) - few) // 2
    parts = {"best": order[:few], "median": order[middle : middle + few], "worst": order[-few:]}
    return {name: [int(row) for row in rows] for name, rows in parts.items()}


def _field(evaluation: Evaluation) -> str:
    return next(name for name in _RANKED_BY if name in evaluation.truth)
