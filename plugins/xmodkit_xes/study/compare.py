"""Fit every method to one problem, and keep of each what tables and figures need."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit_xes.study.fits import Fit, kept, load, save
from xmodkit_xes.study.methods import EMULATOR, METHODS, Components, Methods
from xmodkit_xes.study.rows import Floats
from xmodkit_xes.study.score import squared_errors
from xmodkit_xes.study.search import Point
from xmodkit_xes.study.sensitivity import paths, sensitivity
from xmodkit_xes.study.split import Parts

__all__ = ["Problem", "compare"]

_NONE = np.zeros((0, 0))


@dataclass(frozen=True)
class Problem:
    """Standardised features (N, feature) and targets (N, channel) of all rows, and their split.

    `undo` makes of standardised targets what sensitivities are taken of; `relative` says whether
    that has a norm of its own. `units` keep what belongs together on one side of a split.
    """

    x: Floats
    y: Floats
    units: Sequence[str]
    parts: Parts
    undo: Callable[[Floats], Floats]
    relative: bool


def compare(
    problem: Problem,
    ks: Sequence[int],
    seed: int,
    search: int = 0,
    folder: Path | None = None,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> list[Fit]:
    """Return the fits of the full emulator and of every method at every k.

    Those that stand in `folder` are taken from there, new ones are written to it.
    """
    train = problem.parts.train
    varies = problem.x[train].std(axis=0) > 0  # vectors have no say in what is constant
    varying = replace(problem, x=problem.x[:, varies])
    units = [problem.units[row] for row in train]
    methods = Methods(varying.x[train], problem.y[train], units, ks, seed, search)
    planned = list(_planned(ks))
    found = []
    for done, (method, k) in enumerate(planned, start=1):
        path = None if folder is None else kept(folder, method, k)
        if path is not None and path.exists():
            found.append(load(path))
        else:
            found.append(_spread(_fit(varying, methods, method, k), varies))
            if folder is not None:
                save(folder, found[-1])
        progress(done, len(planned), f"{method} k={k}" if k else method)
    return found


def _planned(ks: Sequence[int]) -> Iterator[tuple[str, int]]:
    yield EMULATOR, 0
    for k in ks:
        yield from ((method, k) for method in METHODS)


def _fit(problem: Problem, methods: Methods, method: str, k: int) -> Fit:
    started = time.perf_counter()
    train = problem.parts.train
    if method == EMULATOR:
        value = methods.emulator(problem.x)
        scores, basis, settings = np.zeros((len(value), 0)), _NONE, methods.settings(method, k)
        decode, walked, centre = methods.emulator, problem.x[train], np.zeros(problem.x.shape[1])
    else:
        components: Components = methods.fit(method, k)
        scores = components.transform(problem.x)
        value, settings = components.decode(scores), methods.settings(method, k)
        basis = _NONE if components.basis is None else components.basis
        decode, walked, centre = components.decode, scores[train], scores[train].mean(axis=0)
    along = paths(walked)
    return Fit(
        method,
        k,
        squared_errors(problem.y, value),
        scores,
        basis,
        along,
        sensitivity(lambda t: problem.undo(decode(t)), centre, along, relative=problem.relative),
        time.perf_counter() - started,
        _text(settings),
    )


def _spread(fit: Fit, varies: NDArray[np.bool_]) -> Fit:
    """Return a fit to features that vary as one to all features, 0 for those that do not."""
    basis = np.zeros((len(fit.basis), len(varies)))
    if fit.basis.size:
        basis[:, varies] = fit.basis
    if fit.method != EMULATOR:
        return replace(fit, basis=basis)
    path, sensitive = np.zeros((2, len(varies), fit.path.shape[1]))
    path[varies], sensitive[varies] = fit.path, fit.sensitivity
    return replace(fit, path=path, sensitivity=sensitive)


def _text(settings: Point) -> str:
    return json.dumps(settings) if settings else ""
