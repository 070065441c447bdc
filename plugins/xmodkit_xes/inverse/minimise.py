"""Maximum a posteriori points by Levenberg and Marquardt, from many starts at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xmodkit_xes.inverse.distortion import Floats
from xmodkit_xes.inverse.metric import Metric
from xmodkit_xes.inverse.problem import Problem

__all__ = ["Minima", "distinct", "minimise"]

_ITERATIONS = 40
_TOLERANCE = 1e-4  # of -2 log posterior: far below what a bound could show
# Two minima are one if no scaled coordinate differs by more than this share of the prior.
_SAME = 0.05
# Minima less probable than the best by this in -2 log posterior are not worth reporting.
_WORSE = 18.0


@dataclass(frozen=True)
class Minima:
    """Converged points (R, P) of curves `rows` (R,), -2 log posterior and covariance of each."""

    rows: NDArray[np.intp]
    points: Floats
    cost: Floats
    covariance: Floats


def minimise(
    problem: Problem, curves: Floats, metric: Metric, rows: NDArray[np.intp], starts: Floats
) -> Minima:
    """Descend from each start (R, P) to a minimum of -2 log posterior for curve `rows` (R,).

    Levenberg's damping follows the gain of each point for itself; converged points rest. The
    covariance is the inverse of the Gauss-Newton Hessian at the end (Laplace).
    """
    points = problem.clamp(starts)
    cost, hessian, gradient = _quadratic(problem, curves, metric, rows, points)
    damping = np.full(len(rows), 1e-2)
    active = np.arange(len(rows))
    for _ in range(_ITERATIONS):
        step = _step(hessian[active], gradient[active], damping[active])
        tried = problem.clamp(points[active] + step)
        found = _cost(problem, curves, metric, rows[active], tried)
        gain = cost[active] - found
        better = active[gain > 0]
        points[better] = tried[gain > 0]
        damping[better] = np.maximum(damping[better] * 0.2, 1e-7)
        damping[active[~(gain > 0)]] *= 8
        if better.size:
            new = _quadratic(problem, curves, metric, rows[better], points[better])
            cost[better], hessian[better], gradient[better] = new
        active = active[((gain > _TOLERANCE) | ~(gain > 0)) & (damping[active] < 1e6)]
        if not active.size:
            break
    k = problem.unknowns.size
    points[:, :k] = problem.unknowns.fold(points[:, :k])
    return Minima(rows, points, cost, np.asarray(np.linalg.inv(hessian)))


def distinct(problem: Problem, minima: Minima, most: int) -> Minima:
    """Return per curve up to `most` different minima, best first, without improbable ones."""
    k = problem.unknowns.size
    whitened = np.linalg.solve(problem.unknowns.root, minima.points[:, :k].T).T
    kept: list[int] = []
    for row in np.unique(minima.rows):
        mine = np.flatnonzero(minima.rows == row)
        mine = mine[np.argsort(minima.cost[mine], kind="stable")]
        found: list[int] = []
        for place in mine[minima.cost[mine] <= minima.cost[mine[0]] + _WORSE]:
            far = [np.abs(whitened[place] - whitened[other]).max() > _SAME for other in found]
            if all(far) and len(found) < most:
                found.append(int(place))
        kept += found
    return Minima(*(part[kept] for part in vars(minima).values()))


def _quadratic(
    problem: Problem, curves: Floats, metric: Metric, rows: NDArray[np.intp], points: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return -2 log posterior (R,), half its Gauss-Newton Hessian and half its downhill slope."""
    model, jacobian = problem.with_jacobian(points)
    residual = curves[rows] - model
    gram = metric.gram(np.concatenate([jacobian, residual[:, None]], axis=1), rows)
    away = points - problem.centre
    pull = away @ problem.prior
    cost = gram[:, -1, -1] + np.einsum("rp,rp->r", pull, away)
    return cost, gram[:, :-1, :-1] + problem.prior, gram[:, :-1, -1] - pull


def _cost(
    problem: Problem, curves: Floats, metric: Metric, rows: NDArray[np.intp], points: Floats
) -> Floats:
    away = points - problem.centre
    misfit = metric.square(curves[rows] - problem.curves(points), rows)
    return np.asarray(misfit + np.einsum("rp,pq,rq->r", away, problem.prior, away, optimize=True))


def _step(hessian: Floats, gradient: Floats, damping: Floats) -> Floats:
    size = hessian.shape[-1]
    damped = hessian + damping[:, None, None] * hessian * np.eye(size)
    return np.asarray(np.linalg.solve(damped, gradient[..., None])[..., 0])
