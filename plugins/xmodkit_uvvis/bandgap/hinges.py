"""Multivariate adaptive regression splines (MARS) in one variable: a curve becomes a polyline.

Friedman, Ann. Statist. 19, 1 (1991). The published gap finder used py-earth with its default
settings; the constants and rules here are those of that package, which is no longer kept.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from xmodkit_uvvis.bandgap.lines import Floats

__all__ = ["fit_polyline"]

PENALTY: Final = 3.0  # cost of a knot, in parameters
THRESHOLD: Final = 1e-3  # least gain in R2 of one more knot; least error left, likewise
MOST_TERMS: Final = 400  # or 2 and one per ten points
TINY: Final = 1e-9  # share of a hinge, squared, that the others leave if it is one of them
END_SPAN: Final = 7  # points without a knot at either end
SPAN_ALPHA: Final = 0.05  # chance of a run of noise that the span between knots must survive
Flags = NDArray[np.bool_]


def fit_polyline(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return positions and values of the vertices of a hinge fit to `y` over rising `x`.

    Knots are added greedily, then hinges are dropped by generalised cross-validation. The ends
    of `x` are vertices too.
    """
    knots = _forward(x, y)
    # One side of a pair suffices beside the first pair: the others' mirrors are redundant.
    right = np.maximum(x[:, None] - knots, 0)
    left = np.maximum(knots[:1] - x[:, None], 0)
    basis = np.hstack([np.ones((len(x), 1)), right, left])
    kept, weights = _backward(basis, y)
    owners = np.concatenate([knots, knots[:1]])[kept[1:]]
    at = np.unique(np.concatenate([x[:1], owners, x[-1:]]))
    return at, np.interp(at, x, basis[:, kept] @ weights)


def _forward(x: Floats, y: Floats) -> Floats:
    """Return knots, the best first: pairs of hinges are added until a further one gains little."""
    candidates = x[_candidates(len(x))]
    line = np.linalg.qr(np.stack([np.ones(len(x)), x], axis=1))[0]
    hinges = np.maximum(x[:, None] - candidates, 0)
    size = (hinges**2).sum(axis=0)
    hinges -= line @ (line.T @ hinges)
    rest = y - line @ (line.T @ y)
    total = float(((y - y.mean()) ** 2).sum())
    most = min(2 + len(x) // 10, MOST_TERMS)
    chosen: list[int] = []
    while True:
        square = (hinges**2).sum(axis=0)
        free = square > TINY * size
        gains = np.where(free, (rest @ hinges) ** 2 / np.where(free, square, 1), 0.0)
        best, error = int(gains.argmax()), float(rest @ rest)
        gain, terms = float(gains[best]), 1 + 2 * len(chosen)
        pays = _score(error - gain, terms + 2, len(x)) < _score(error, terms + 1, len(x))
        if chosen and not pays:
            break
        chosen.append(best)
        rest = rest - hinges[:, best] * (rest @ hinges[:, best]) / square[best]
        unit = hinges[:, best] / np.sqrt(square[best])
        hinges = hinges - np.outer(unit, unit @ hinges)
        small = len(chosen) > 1 and gain < THRESHOLD * total
        if small or error - gain < THRESHOLD * total or terms + 2 + 4 > most:
            break
    return candidates[chosen]


def _candidates(points: int) -> NDArray[np.intp]:
    """Return where knots may lie: counted from the top, a minimum span apart (Friedman, eq. 43)."""
    span = int(-np.log2(-np.log(1 - SPAN_ALPHA) / points) / 2.5)
    return np.arange(points - 1 - END_SPAN, END_SPAN - 2, -span)


def _backward(basis: Floats, y: Floats) -> tuple[Flags, Floats]:
    """Drop hinges one by one, the least needed first; return which are kept, and their weights.

    Of all the sets on the way, the one with the least generalised cross-validation is kept.
    """
    kept = np.ones(basis.shape[1], bool)
    best, least = kept.copy(), np.inf
    while True:
        inverse = np.linalg.pinv(basis[:, kept])
        weights = inverse @ y
        error = float(((basis[:, kept] @ weights - y) ** 2).sum())
        score = _score(error, int(kept.sum()), len(y))
        if score <= least:
            best, least = kept.copy(), score
        if kept.sum() == 1:
            break
        # what leaving out each hinge, but not the constant, adds to the squared error
        cost = (weights**2 / (inverse**2).sum(axis=1))[1:]
        kept[np.flatnonzero(kept)[1 + int(cost.argmin())]] = False
    return best, np.linalg.pinv(basis[:, best]) @ y


def _score(error: float, terms: int, points: int) -> float:
    """Return the generalised cross-validation of a fit (Friedman, eq. 30)."""
    parameters = terms + PENALTY * (terms - 1) / 2
    return error / (1 - parameters / points) ** 2
