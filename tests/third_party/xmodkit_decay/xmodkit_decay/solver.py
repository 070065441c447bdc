"""Fit rate and amplitude of a single exponential: the route that needs no model file."""

from __future__ import annotations

import hashlib

import numpy as np

from xmodkit import Prediction, Route, Value
from xmodkit.modality import Array, Arrays
from xmodkit_decay.modalities import DECAY, RATE

__all__ = ["RateSolver"]

_STEPS = 50
_CONVERGED = 1e-8


class RateSolver:
    """The most likely `amplitude exp(-rate time)` behind Poisson counts; NaN where none is found.

    Gauss-Newton steps on the likelihood, all curves of a batch at once (Fisher scoring;
    McCullagh & Nelder, Generalized Linear Models, 1989, section 2.5).
    """

    inputs = DECAY.fields
    outputs = RATE.fields
    device = "cpu"
    identity = hashlib.sha256(b"single exponential, Poisson, Fisher scoring, 1").hexdigest()

    def __init__(self, route: Route) -> None:
        self.route = route

    def run(self, arrays: Arrays, **inputs: Array) -> Prediction:
        """Fit a batch of curves; raise `DataError` for arrays that do not fit their fields."""
        time, counts = (
            field.check(np.asarray(arrays[field.name]), batched=True) for field in self.inputs
        )
        values = dict(zip(("rate", "amplitude"), _fit(time, counts), strict=True))
        return Prediction(
            {f.name: Value(values[f.name].astype(f.dtype), unit=f.unit) for f in self.outputs}
        )


def _fit(time: Array, counts: Array) -> tuple[Array, Array]:
    """Return rate and amplitude of each curve."""
    measured = np.diff(time, axis=1, prepend=-1) > 0  # time rises, except into the padding
    time = np.where(measured, time, 0).astype(np.float64)
    total = counts.sum(axis=1, dtype=np.float64)
    with np.errstate(all="ignore"):  # a curve without a solution ends as NaN
        rate = total / (counts * time).sum(axis=1)
        log_amplitude = np.log(counts.max(axis=1))
        for _ in range(_STEPS):
            expected = measured * np.exp(log_amplitude[:, None] - rate[:, None] * time)
            change, rate_change = _step(time, counts - expected, expected)
            log_amplitude, rate = log_amplitude + change, rate + rate_change
            if not (np.abs(rate_change) > _CONVERGED * rate).any():
                break
        found = (np.abs(rate_change) <= 1e-4 * rate) & (rate > 0)
        return np.where(found, rate, np.nan), np.where(found, np.exp(log_amplitude), np.nan)


def _step(time: Array, missing: Array, expected: Array) -> tuple[Array, Array]:
    """Solve the 2 x 2 normal equations of each curve for log amplitude and rate."""
    a, b, c = ((expected * time**power).sum(axis=1) for power in range(3))
    u, v = missing.sum(axis=1), (missing * time).sum(axis=1)
    determinant = a * c - b * b
    return (c * u - b * v) / determinant, (b * u - a * v) / determinant
