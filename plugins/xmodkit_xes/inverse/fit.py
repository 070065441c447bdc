"""Fit measured curves: all minima, the posterior around them, and what it fixes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xmodkit_xes.inverse.distortion import Floats
from xmodkit_xes.inverse.metric import Metric
from xmodkit_xes.inverse.minimise import Minima, distinct, minimise
from xmodkit_xes.inverse.posterior import Draws, sample
from xmodkit_xes.inverse.problem import Problem
from xmodkit_xes.inverse.starts import Library

__all__ = ["FIXED", "MINIMA", "Estimate", "Fit", "Fitter", "stacked_fits"]

MINIMA = 4
# A parameter is fixed by a curve if its posterior sd is at most this share of its prior sd.
FIXED = 0.5
_STARTS = 8
_PRIOR_DRAWS = 4096
_SEED = 20240614


@dataclass(frozen=True)
class Estimate:
    """A scalar of each curve (N,): value, posterior sd about it, and that sd over the prior's."""

    value: Floats
    sd: Floats
    ratio: Floats


@dataclass(frozen=True)
class Fit:
    """What was found for a batch of N curves.

    `unknowns` (N, k) is the posterior mean of the most probable minimum, `covariance` (N, k, k)
    that of the whole posterior about it. `minima` (N, M, k), their share of the posterior
    `weight` and their chi squared per degree of freedom `misfits` (N, M) hold NaN where there are
    fewer. `effective` is how many equal draws the posterior rests on.
    """

    unknowns: Floats
    covariance: Floats
    scalars: Mapping[str, Estimate]
    fitted: Floats
    misfit: Floats
    minima: Floats
    weight: Floats
    misfits: Floats
    effective: Floats


class Fitter:
    """Solves one problem for any number of curves; equal curves have equal answers."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    @cached_property
    def library(self) -> Library:
        """The starts."""
        return Library(self.problem, np.random.default_rng(_SEED))

    @cached_property
    def prior_sd(self) -> Mapping[str, float]:
        """The prior standard deviation of every scalar."""
        draws = self.problem.unknowns.draw(_PRIOR_DRAWS, np.random.default_rng(_SEED))
        values = {f"latent {i}": draws[:, i] for i in range(draws.shape[1])}
        values |= self.problem.unknowns.parameters(draws)
        return {name: float(value.std()) for name, value in values.items()}

    def fit(self, curves: Floats, precision: Floats) -> Fit:
        """Fit curves (N, E) in any unit; `precision` (N, E) is 1 / noise variance, 0 if unknown.

        Where the scale is not fixed a curve is first brought to the decoder's scale by least
        squares against the mean curve.
        """
        height = self._heights(curves, precision)
        curves, precision = curves / height[:, None], precision * height[:, None] ** 2
        metric, minima = self._solve(curves, precision)
        models = self.problem.curves(minima.points)
        residual = curves[minima.rows] - models
        channels = np.maximum((precision > 0).sum(axis=1) - self.problem.free.sum(), 1)
        misfit = metric.square(residual, minima.rows) / channels[minima.rows]
        background = metric.weights_of(residual, minima.rows)[:, len(self.problem.shapes) :]
        models = models + background @ self.problem.modes[len(self.problem.shapes) :]
        fits = []
        for row in range(len(curves)):
            rng = np.random.default_rng(_SEED)
            draws = sample(self.problem, curves, metric, minima, row, rng)
            mine = minima.rows == row
            fits.append(
                self._summary(
                    draws, minima.points[mine], misfit[mine], models[mine], float(height[row])
                )
            )
        return stacked_fits(fits)

    def _solve(self, curves: Floats, precision: Floats) -> tuple[Metric, Minima]:
        """Return the minima of curves (N, E) on the decoder's scale."""
        with np.errstate(divide="ignore"):
            precision = 1 / (1 / precision + self.problem.error**2)
        metric = Metric(precision, self.problem.modes)
        starts = self.library.starts(curves, metric, _STARTS)
        rows = np.repeat(np.arange(len(curves)), _STARTS)
        found = minimise(self.problem, curves, metric, rows, starts.reshape(len(rows), -1))
        return metric, distinct(self.problem, found, MINIMA)

    def _heights(self, curves: Floats, precision: Floats) -> Floats:
        if "scale" in self.problem.fixed:
            return np.ones(len(curves))
        known, mean = precision > 0, self.problem.mean_curve
        columns = [mean] if "background" in self.problem.fixed else [mean, np.ones_like(mean)]
        heights = [
            np.linalg.lstsq(np.stack(columns, axis=1)[here], curve[here], rcond=None)[0][0]
            for curve, here in zip(curves, known, strict=True)
        ]
        # a curve upside down or flat is none of ours: its misfit will say so
        area = np.abs(curves * known).sum(axis=1) / np.maximum(
            np.abs(mean * known).sum(axis=1), 1e-300
        )
        return np.where(np.array(heights) > 0.05 * area, heights, np.maximum(area, 1e-300))

    def _summary(
        self, draws: Draws, points: Floats, misfit: Floats, models: Floats, height: float
    ) -> Fit:
        k, weight = self.problem.unknowns.size, draws.weights @ draws.shares
        order = np.argsort(-weight)
        best = int(order[0])
        parameters = self.problem.unknowns.parameters(draws.points[:, :k])
        shift, variance, scale = draws.points[:, k:].T
        values = {f"latent {i}": draws.points[:, i] for i in range(k)}
        values |= {"shift": shift, "scale": height * np.exp(scale)}
        values |= {"broadening": np.sqrt(np.maximum(variance, 0)), **parameters}
        table = np.stack(list(values.values()), axis=1)
        mean, _ = draws.moments(table, best)
        overall, spread = draws.moments(table)
        spread = spread + np.outer(overall - mean, overall - mean)
        sd = np.sqrt(np.diag(spread))
        scalars = {
            name: Estimate(
                *(np.array([x]) for x in (value, s, s / self.prior_sd.get(name, np.inf)))
            )
            for name, value, s in zip(values, mean, sd, strict=True)
        }
        empty = np.full(MINIMA - len(order), np.nan)
        latent = np.full((MINIMA, k), np.nan)
        latent[: len(order)] = points[order, :k]
        return Fit(
            mean[None, :k],
            spread[None, :k, :k],
            scalars,
            height * models[None, best],
            misfit[None, best],
            latent[None],
            np.append(weight[order], empty)[None],
            np.append(misfit[order], empty)[None],
            np.array([draws.effective]),
        )


def stacked_fits(fits: list[Fit]) -> Fit:
    """Return one fit of all curves."""
    scalars = {
        name: Estimate(
            *(np.concatenate([getattr(f.scalars[name], part) for f in fits]) for part in _PARTS)
        )
        for name in fits[0].scalars
    }
    arrays = {
        name: np.concatenate([getattr(fit, name) for fit in fits])
        for name in vars(fits[0])
        if name != "scalars"
    }
    return Fit(scalars=scalars, **arrays)


_PARTS = ("value", "sd", "ratio")
