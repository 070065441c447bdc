"""Randomised search for hyperparameters by cross-validation, on training rows alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit_xes.study.rows import Floats

__all__ = ["SPACE", "Point", "Predict", "best", "draws", "folds"]

_FOLDS = 5

Predict = Callable[[Floats], Floats]
Space = Mapping[str, Sequence[Any]]
Point = dict[str, Any]
# What learns from training rows with one set of hyperparameters: predictors by name.
Trial = Callable[[Floats, Floats, Point], Mapping[str, Predict]]

# Of the networks, all by the names of `Plan`: small ones and strong decay suit few rows.
SPACE: Space = {
    "width": (32, 64, 128),
    "depth": (1, 2, 3),
    "rate": (1e-3, 2e-3, 4e-3),
    "decay": (1e-4, 1e-2, 1e-1, 1.0),
}


def folds(units: Sequence[str], seed: int, n: int = _FOLDS) -> NDArray[np.int64]:
    """Return each row's fold (N,): whole units, drawn at random, in folds of like size."""
    names, unit = np.unique(np.asarray(units), return_inverse=True)
    fold = np.empty(len(names), np.int64)
    filled = np.zeros(n, np.int64)
    sizes = np.bincount(unit)
    order = np.random.default_rng(seed).permutation(len(names))
    for name in sorted(order, key=lambda i: -sizes[i]):  # stable: equal sizes stay as drawn
        fold[name] = filled.argmin()
        filled[fold[name]] += sizes[name]
    return np.asarray(fold[unit])


def draws(space: Space, n: int, seed: int) -> list[Point]:
    """Return n points of a space, drawn at random, each once where there are so many."""
    random = np.random.default_rng(seed)
    found: list[Point] = []
    for _ in range(20 * n):
        point = {name: values[int(random.integers(len(values)))] for name, values in space.items()}
        if point not in found:
            found.append(point)
        if len(found) == n:
            break
    return found


def best(
    trial: Trial, x: Floats, y: Floats, units: Sequence[str], points: Sequence[Point], seed: int
) -> dict[str, Point]:
    """Return, for each predictor, the point with the least squared error over 5 folds."""
    fold = folds(units, seed)
    least: dict[str, tuple[float, Point]] = {}
    for point in points:
        errors: dict[str, float] = {}
        for held in range(_FOLDS):
            out = fold == held
            for name, predict in trial(x[~out], y[~out], point).items():
                error = float(((predict(x[out]) - y[out]) ** 2).sum())
                errors[name] = errors.get(name, 0.0) + error
        for name, error in errors.items():
            if name not in least or error < least[name][0]:
                least[name] = error, point
    return {name: point for name, (_, point) in least.items()}
