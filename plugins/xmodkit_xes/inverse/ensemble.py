"""A measured curve as the mean over an ensemble: mean and spread of the scores are the unknowns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from xmodkit.errors import UsageError
from xmodkit_xes.inverse.distortion import Floats
from xmodkit_xes.inverse.problem import Unknowns

__all__ = ["Ensemble"]

_MOST = 4
# Prior of each spread relative to the training set's: log-normal around a third of it.
_LOG_SPREAD, _LOG_SPREAD_SD = float(np.log(0.35)), 0.7
_CORRELATION_SD = 0.2


@dataclass(frozen=True)
class Ensemble:
    """Normal distributions N(mean, R M M' R') of scores (k); R is the root of their prior.

    A point holds the mean (k), the logarithms of M's diagonal (k), then what is below it, row by
    row. Averages over the distribution are Gauss and Hermite's, five points an axis up to k = 2,
    three beyond. Raise `UsageError` for more scores than that is affordable for.
    """

    single: Unknowns

    def __post_init__(self) -> None:
        if self.single.size > _MOST:
            raise UsageError(
                f"--ensemble: a decoder of {self.single.size} scores given, at most {_MOST} "
                "expected; give one trained with a smaller --k"
            )

    @cached_property
    def unknowns(self) -> Unknowns:
        """The unknowns of the fit."""
        k = self.single.size
        below = k * (k - 1) // 2
        covariance = np.zeros((2 * k + below,) * 2)
        covariance[:k, :k] = self.single.covariance
        spread = np.repeat([_LOG_SPREAD_SD, _CORRELATION_SD], [k, below])
        covariance[range(k, 2 * k + below), range(k, 2 * k + below)] = spread**2
        mean = np.concatenate([self.single.mean, np.full(k, _LOG_SPREAD), np.zeros(below)])
        return Unknowns(self._decode, mean, covariance, self._parameters, self._fold)

    def covariance(self, points: Floats) -> Floats:
        """Return the covariance (N, k, k) of the scores at points (N, K)."""
        root = self._root(points)
        return np.asarray(root @ root.transpose(0, 2, 1))

    @cached_property
    def _nodes(self) -> tuple[Floats, Floats]:
        """The standard normal's nodes (Q, k) and weights (Q,)."""
        k = self.single.size
        place, weight = hermegauss(5 if k <= 2 else 3)
        weight = weight / weight.sum()
        nodes = np.array(list(product(place, repeat=k)))
        return nodes, np.array(list(product(weight, repeat=k))).prod(axis=1)

    def _root(self, points: Floats) -> Floats:
        k = self.single.size
        lower = np.zeros((len(points), k, k))
        lower[:, range(k), range(k)] = np.exp(np.clip(points[:, k : 2 * k], -8, 2))
        rows, columns = np.tril_indices(k, -1)
        lower[:, rows, columns] = points[:, 2 * k :]
        return np.asarray(self.single.root @ lower)

    def _members(self, points: Floats) -> Floats:
        """Return the scores (N * Q, k) of every node."""
        k, (nodes, _) = self.single.size, self._nodes
        members = points[:, None, :k] + nodes @ self._root(points).transpose(0, 2, 1)
        return np.asarray(members.reshape(-1, k))

    def _averaged(self, values: Floats) -> Floats:
        _, weights = self._nodes
        return np.tensordot(values.reshape(-1, len(weights), *values.shape[1:]), weights, (1, 0))

    def _decode(self, points: Floats) -> Floats:
        return self._averaged(self.single.decode(self._members(points)))

    def _parameters(self, points: Floats) -> dict[str, Floats]:
        """Return mean and sd over the ensemble of each of the structure's parameters."""
        found: dict[str, Floats] = {}
        for name, values in self.single.parameters(self._members(points)).items():
            mean = self._averaged(values)
            square = self._averaged(values**2)
            found[name] = mean
            found[f"{name}_spread"] = np.sqrt(np.maximum(square - mean**2, 0))
        return found

    def _fold(self, points: Floats) -> Floats:
        """Name the shorter bond of the mean first: the whole distribution is mirrored with it."""
        k = self.single.size
        folded = self.single.fold(points[:, :k])
        moved = np.abs(folded - points[:, :k]).max(axis=1) > 0
        if not moved.any():
            return points
        # the mirror is affine: its linear part is what it does to each unit vector's foot
        probe = points[moved, None, :k] + np.concatenate([np.zeros((1, k)), 1e-6 * np.eye(k)])
        mirrored = self.single.fold(probe.reshape(-1, k)).reshape(-1, k + 1, k)
        linear = (mirrored[:, 1:] - mirrored[:, :1]).transpose(0, 2, 1) / 1e-6
        root = np.linalg.solve(self.single.root, linear @ self._root(points[moved]))
        lower = np.linalg.cholesky(root @ root.transpose(0, 2, 1))
        rows, columns = np.tril_indices(k, -1)
        result = points.copy()
        result[moved, :k] = folded[moved]
        result[moved, k : 2 * k] = np.log(lower[:, range(k), range(k)])
        result[moved, 2 * k :] = lower[:, rows, columns]
        return result
