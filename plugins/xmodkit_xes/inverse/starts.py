"""Where to start a fit: the best of a fixed cloud of prior draws, apart from each other."""

from __future__ import annotations

import numpy as np

from xmodkit_xes.inverse.distortion import Floats
from xmodkit_xes.inverse.metric import Metric
from xmodkit_xes.inverse.problem import Problem

__all__ = ["Library"]

_DRAWS = 384
# The prior's tails are thin: its draws are spread, so that rare structures have a start nearby.
_SPREAD = 1.5
_SHIFTS_EV = np.linspace(-0.9, 0.9, 7)
# In prior standard deviations: nearer starts fall into the same minimum.
_APART = 0.7


class Library:
    """Curves of prior draws at several shifts, to which each measured curve is compared."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        shifts = np.zeros(1) if "shift" in problem.fixed else _SHIFTS_EV
        latent = problem.unknowns.draw(_DRAWS, rng, _SPREAD)
        points = np.repeat(np.append(latent, np.zeros((_DRAWS, 3)), axis=1), len(shifts), axis=0)
        points[:, problem.unknowns.size] = np.tile(shifts, _DRAWS)
        self.points = points
        self.curves = problem.curves(points)
        self._shifts = len(shifts)
        whitened = np.linalg.solve(problem.unknowns.root, latent.T).T
        self._near = np.linalg.norm(whitened[:, None] - whitened, axis=-1) < _APART

    def starts(self, curves: Floats, metric: Metric, count: int) -> Floats:
        """Return starts (N, count, P) for measured curves (N, E), the best first."""
        chosen = np.stack([self._rank(curve, metric, row) for row, curve in enumerate(curves)])
        misfit = chosen.reshape(len(curves), -1, self._shifts)
        best_shift, misfit = misfit.argmin(axis=2), misfit.min(axis=2)
        rows = np.arange(len(curves))
        starts = []
        for _ in range(count):
            best = misfit.argmin(axis=1)
            starts.append(self.points[best * self._shifts + best_shift[rows, best]])
            misfit = np.where(self._near[best], np.inf, misfit)
        return np.stack(starts, axis=1)

    def _rank(self, curve: Floats, metric: Metric, row: int) -> Floats:
        """Return chi squared of every curve of the library."""
        return metric.square(curve - self.curves, np.full(len(self.curves), row))
