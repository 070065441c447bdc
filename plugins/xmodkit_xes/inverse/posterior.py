"""The posterior around all minima of a curve by importance sampling: exact where Laplace is not."""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

from xmodkit_xes.inverse.distortion import Floats
from xmodkit_xes.inverse.metric import Metric
from xmodkit_xes.inverse.minimise import Minima
from xmodkit_xes.inverse.problem import Problem

__all__ = ["Draws", "sample"]

_DRAWS = 384
_ROUNDS = 3
# Heavier tails and wider than Laplace, so that curved posteriors are covered too.
_FREEDOM = 5.0
_WIDER = 1.25


@dataclass(frozen=True)
class Draws:
    """Weighted points of one curve's posterior, and how much each belongs to each minimum.

    `points` (S, P), `weights` (S,) of sum 1, `shares` (S, M): responsibilities of the minima.
    """

    points: Floats
    weights: Floats
    shares: Floats

    @property
    def effective(self) -> float:
        """The number of equally weighted draws that would say as much."""
        return float(1 / np.sum(self.weights**2))

    def moments(self, values: Floats, minimum: int | None = None) -> tuple[Floats, Floats]:
        """Return mean and covariance of values (S, v): of all draws, or of one minimum's."""
        weights = self.weights if minimum is None else self.weights * self.shares[:, minimum]
        weights = weights / weights.sum()
        mean = weights @ values
        away = values - mean
        return mean, (away * weights[:, None]).T @ away


def sample(
    problem: Problem,
    curves: Floats,
    metric: Metric,
    minima: Minima,
    row: int,
    rng: np.random.Generator,
) -> Draws:
    """Draw from the posterior of curve `row`, whose minima are given.

    The proposal is a mixture of Student's t around the minima, weighted by their Laplace
    evidence, then adapted to the draws and their weights (population Monte Carlo, Cappe et al.
    2004). Draws that `fold` would move stand for a structure that is counted already.
    """
    mine = np.flatnonzero(minima.rows == row)
    free = np.flatnonzero(problem.free > 0)
    centres = minima.points[np.ix_(mine, free)]
    covariance = minima.covariance[mine][:, free][:, :, free]
    scale = np.log(np.diagonal(np.linalg.cholesky(covariance), axis1=1, axis2=2)).sum(axis=1)
    evidence = np.exp(-0.5 * (minima.cost[mine] - minima.cost[mine].min()) + scale)
    portion = evidence / evidence.sum()
    for last in (False,) * (_ROUNDS - 1) + (True,):
        mixture = _Mixture(0.9 * portion + 0.1 / len(mine), centres, covariance * _WIDER**2)
        drawn = mixture.draw(_DRAWS, rng)
        proposed = mixture.log_densities(drawn)
        density = np.logaddexp.reduce(proposed, axis=1)
        points = np.tile(problem.centre, (_DRAWS, 1))
        points[:, free] = drawn
        log_weight = -0.5 * _cost(problem, curves, metric, row, points) - density
        log_weight[~_allowed(problem, points)] = -np.inf
        if not np.isfinite(log_weight.max()):  # a minimum on the very edge: Laplace stands
            log_weight[:] = 0
        weights = np.exp(log_weight - log_weight.max())
        draws = Draws(points, weights / weights.sum(), np.exp(proposed - density[:, None]))
        if not last:
            portion, centres, covariance = _adapted(draws, drawn, centres, covariance)
    return draws


def _adapted(
    draws: Draws, drawn: Floats, centres: Floats, covariance: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the mixture's portions, centres and covariances as the draws (S, p) say."""
    portion = draws.weights @ draws.shares
    new_centres, new_covariance = centres.copy(), covariance.copy()
    for i, share in enumerate(draws.shares.T):
        weights = draws.weights * share
        if weights.sum() <= 0:
            continue
        known = float(weights.sum() ** 2 / np.sum(weights**2))
        trust = known / (known + 2 * drawn.shape[1])
        mean, spread = draws.moments(drawn, i)
        new_centres[i] = trust * mean + (1 - trust) * centres[i]
        new_covariance[i] = trust * spread + (1 - trust) * covariance[i]
    return portion, new_centres, new_covariance


class _Mixture:
    """Student's t distributions with portions (M,), centres (M, p) and covariances (M, p, p)."""

    def __init__(self, portion: Floats, centres: Floats, covariance: Floats) -> None:
        self.portion = portion
        self.centres = centres
        self.root = np.linalg.cholesky(covariance)

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Return draws (n, p)."""
        origin = rng.choice(len(self.portion), n, p=self.portion)
        tail = np.sqrt(_FREEDOM / rng.chisquare(_FREEDOM, n))
        normal = rng.standard_normal((n, self.centres.shape[1]))
        steps = np.einsum("spq,sq->sp", self.root[origin], normal)
        return np.asarray(self.centres[origin] + tail[:, None] * steps)

    def log_densities(self, drawn: Floats) -> Floats:
        """Return the log density (S, M) of draws (S, p) under each part, times its portion."""
        p = drawn.shape[1]
        away = (drawn[None] - self.centres[:, None]).transpose(0, 2, 1)
        square = np.sum(np.linalg.solve(self.root, away) ** 2, axis=1).T
        size = np.log(np.diagonal(self.root, axis1=1, axis2=2)).sum(axis=1)
        constant = lgamma((_FREEDOM + p) / 2) - lgamma(_FREEDOM / 2) - p / 2 * log(_FREEDOM * pi)
        tails = (_FREEDOM + p) / 2 * np.log1p(square / _FREEDOM)
        return np.asarray(np.log(self.portion) + constant - size - tails)


def _allowed(problem: Problem, points: Floats) -> NDArray[np.bool_]:
    latent = points[:, : problem.unknowns.size]
    folded = np.abs(problem.unknowns.fold(latent) - latent).max(axis=1) < 1e-9
    return np.asarray(folded & (points[:, problem.unknowns.size + 1] >= 0))


def _cost(problem: Problem, curves: Floats, metric: Metric, row: int, points: Floats) -> Floats:
    away = points - problem.centre
    misfit = metric.square(curves[row] - problem.curves(points), np.full(len(points), row))
    return np.asarray(misfit + np.einsum("rp,pq,rq->r", away, problem.prior, away, optimize=True))
