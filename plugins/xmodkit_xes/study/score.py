"""Covered variance, with intervals from a bootstrap over independent units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xmodkit_xes.study.rows import Floats

__all__ = ["Judge", "squared_errors"]

_DRAWS = 1000
_LEVEL = 0.95


def squared_errors(truth: Floats, value: Floats) -> Floats:
    """Return each row's summed squared error (N,) of arrays (N, channel)."""
    return np.asarray(((truth - value) ** 2).sum(axis=1))


@dataclass(frozen=True)
class Judge:
    """Judges predictions of rows (N, channel) that belong to `units`, whole units drawn anew.

    Covered variance is 1 - SSE / SST pooled over channels, with SST about the means of the rows
    that are judged: R2 = 1 - tr(D'D) / tr(S'S) of Passilahti, Vladyka and Niskanen
    (arXiv:2406.14044).
    """

    truth: Floats
    units: Sequence[str]
    seed: int = 0

    def covered(self, errors: Floats) -> float:
        """Return the covered variance of rows with these squared errors (N,)."""
        total = ((self.truth - self.truth.mean(axis=0)) ** 2).sum()
        return float(1 - errors.sum() / total)

    def interval(self, errors: Floats) -> tuple[float, float]:
        """Return the central 95 % interval of the covered variance."""
        return self._central(self._drawn(errors))

    def gain(self, errors: Floats, peer: Floats) -> tuple[float, float, float]:
        """Return how much more is covered than by a peer, and its paired 95 % interval."""
        low, high = self._central(self._drawn(errors) - self._drawn(peer))
        return self.covered(errors) - self.covered(peer), low, high

    def _drawn(self, errors: Floats) -> Floats:
        """Return the covered variance in each bootstrap draw of units."""
        _, unit = np.unique(np.asarray(self.units), return_inverse=True)
        n = int(unit.max()) + 1
        chance = np.full(n, 1 / n)
        times = np.random.default_rng(self.seed).multinomial(n, chance, size=_DRAWS)
        shifted = self.truth - self.truth.mean(axis=0)
        sums = np.zeros((n, shifted.shape[1]))
        np.add.at(sums, unit, shifted)
        squares = np.bincount(unit, (shifted**2).sum(axis=1), n)
        rows = times @ np.bincount(unit, minlength=n)
        total = times @ squares - ((times @ sums) ** 2).sum(axis=1) / rows
        return np.asarray(1 - (times @ np.bincount(unit, errors, n)) / total)

    def _central(self, drawn: Floats) -> tuple[float, float]:
        low, high = np.nanquantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
        return float(low), float(high)
