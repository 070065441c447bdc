"""Figures of `pairvae.py`: learning curves, and those that the paper shows, on simulated films."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pairvae_data import Truths, cropped, truths
from pairvae_methods import Method
from pairvae_table import SIX

from xmodkit.model import Model
from xmodkit_saxs_sem.metrics.two_point import two_point
from xmodkit_saxs_sem.modalities import MEMBERS, R_NM

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pairvae import Benchmark

__all__ = ["draw_all"]

_SPREADS = (0.25, 0.5, 1.0, 2.0)
_FRAME = ("intensity", "mask", "qx", "qy")
_SHOWN = 12  # films of each morphology in an average


def draw_all(
    run: Benchmark, methods: Sequence[Method], sizes: Sequence[int], seeds: int, folder: Path
) -> None:
    """Draw every figure into a folder; models are those of the largest size and first split."""
    folder.mkdir(parents=True, exist_ok=True)
    size = max(sizes)
    models = {m.name: run.models(m, size, 0)["end"] for m in methods}
    test = run.truths[run.test.seed]
    for name, figure in _figures(run, methods, size, seeds, models, test):
        figure.savefig(folder / f"{name}.png", dpi=130)
        print(f"{folder / name}.png", flush=True)


def _figures(
    run: Benchmark,
    methods: Sequence[Method],
    size: int,
    seeds: int,
    models: Mapping[str, Model],
    test: Truths,
) -> Iterator[tuple[str, Figure]]:
    """Yield every figure by its name, one after another: some take minutes."""
    yield "learning", learning(run, methods, size, seeds)
    yield "six", six(run, methods, size, seeds)
    yield "thresholds", thresholds(run)
    yield "morphologies", morphologies(run, models, test)
    for name, model in models.items():
        yield f"spread-{name}", spread(run, model, test)
        yield f"latents-{name}", latents(run, model, test)


def learning(run: Benchmark, methods: Sequence[Method], size: int, seeds: int) -> Figure:
    """Draw errors of validation rows against optimiser steps."""
    figure, axes = _axes(1, 2, "validation rows, while the pair is trained")
    routes = (("saxs:sem", "MAE of S(r)"), ("sem:saxs", "MAE, decades of intensity"))
    for ax, (route, unit) in zip(axes, routes, strict=True):
        for number, method in enumerate(methods):
            for seed in range(seeds):
                curve = run.training(method, size, seed).curve()
                points = sorted((step, at[route]) for step, at in curve.items() if route in at)
                label = method.name if seed == 0 else None
                ax.plot(*np.array(points).T, ".-", color=f"C{number}", label=label)
        ax.set(xlabel="optimiser steps, from the first stage on", ylabel=unit)
        ax.set(title=route, yscale="log")
    axes[0].legend(frameon=False)
    return figure


def six(run: Benchmark, methods: Sequence[Method], size: int, seeds: int) -> Figure:
    """Draw the six columns of validation rows as boxes: of Barlow and SimCLR, where both ran."""
    figure, axes = _axes(2, 3, f"{size} training pairs, validation rows, boxes without outliers")
    for ax, (title, when, route) in zip(axes, SIX, strict=True):
        found = []
        for method in methods:
            of_seeds = [run.scores(method, size, seed)["validation"] for seed in range(seeds)]
            found.append(np.concatenate([e[f"{when} {route}"].ravel() for e in of_seeds]))
        ax.boxplot(found, showfliers=False, tick_labels=[m.name for m in methods])
        ax.set(title=title, ylabel="MAE of S(r)" if "S(r)" in title else "MAE, decades")
        ax.set_ylim(bottom=0)
    return figure


def morphologies(run: Benchmark, models: dict[str, Model], test: Truths) -> Figure:
    """Draw the average S(r) of test films with its spread, true and predicted."""
    kinds = sorted(set(test.morphology))
    figure, axes = _axes(1, len(kinds), "mean S(r) of test films, and one deviation")
    for ax, kind in zip(axes, kinds, strict=True):
        rows = _of(test, kind)[:_SHOWN]
        found = {"true": test.curves[rows].reshape(-1, len(R_NM))}
        for name, model in models.items():
            found[name] = np.concatenate(list(_members(run, model, rows, 1.0)))
        for number, (name, curves) in enumerate(found.items()):
            _band(ax, curves, "k" if number == 0 else f"C{number - 1}", name)
        ax.set(title=kind, xlabel="r (nm)", ylabel="S(r)")
    axes[0].legend(frameon=False)
    return figure


def spread(run: Benchmark, model: Model, test: Truths) -> Figure:
    """Draw S(r) of ensembles of four spreads, beside crops of the film they are of."""
    kinds = sorted(set(test.morphology))
    figure, axes = _axes(1, len(kinds), f"{model.name}: ensembles of {MEMBERS} and their spread")
    for ax, kind in zip(axes, kinds, strict=True):
        row = _of(test, kind)[:1]
        for number, wide in enumerate(reversed(_SPREADS)):
            curves = next(_members(run, model, row, wide))
            _band(ax, curves, f"C{number}", f"spread {wide:g}")
        ax.plot(R_NM, test.curves[row[0]].T, "k", lw=0.6)
        ax.set(title=kind, xlabel="r (nm)", ylabel="S(r); black: true crops")
    axes[0].legend(frameon=False)
    return figure


def thresholds(run: Benchmark) -> Figure:
    """Draw what the window of the adaptive threshold does to S(r): 15, or 25 pixels."""
    narrow, wide = (truths(run.test, run.crops, window) for window in (15, 25))
    kinds = sorted(set(narrow.morphology))
    figure, axes = _axes(1, len(kinds), "mean S(r) of test films by the threshold's window")
    for ax, kind in zip(axes, kinds, strict=True):
        rows = _of(narrow, kind)
        for colour, window, truth in (("C0", 15, narrow), ("C1", 25, wide)):
            _band(ax, truth.curves[rows].reshape(-1, len(R_NM)), colour, f"window {window}")
        apart = np.abs(narrow.curves[rows] - wide.curves[rows]).mean()
        ax.set(title=f"{kind}: {apart:.4f} apart", xlabel="r (nm)", ylabel="S(r)")
    axes[0].legend(frameon=False)
    return figure


def latents(run: Benchmark, model: Model, test: Truths) -> Figure:
    """Draw latents of test films from both sides, embedded together; a line joins each pair.

    By t-SNE where openTSNE is installed and both latents have one length, else the first two
    principal components of each.
    """
    both = _latents(run, model)
    alike = len({found.shape[1] for found in both}) == 1
    places = _embedded(np.concatenate(both)) if alike else np.concatenate([*map(_principal, both)])
    saxs, sem = np.split(places, 2)
    figure, (ax,) = _axes(1, 1, f"{model.name}: latents of test films")
    ax.plot(*np.stack([saxs, sem], axis=1).transpose(2, 1, 0), color="0.8", lw=0.4, zorder=0)
    for number, kind in enumerate(sorted(set(test.morphology))):
        rows = _of(test, kind)
        ax.plot(*saxs[rows].T, "o", color=f"C{number}", ms=4, label=f"{kind}, SAXS")
        ax.plot(*sem[rows].T, "^", color=f"C{number}", ms=4, mfc="none", label="SEM")
    ax.legend(frameon=False, fontsize=7)
    ax.set(xticks=[], yticks=[])
    return figure


@torch.no_grad()
def _latents(run: Benchmark, model: Model) -> tuple[NDArray, NDArray]:
    frames, crops = model.graph("saxs:saxs").eval(), model.graph("sem:sem").eval()
    found: tuple[list, list] = [], []
    for sample in run.test.samples(range(run.test.count)):
        grey = torch.from_numpy(cropped(sample, 1))
        pixel = torch.from_numpy(sample.arrays["sem"]["pixel_nm"])[None]
        found[0].append(frames(*_frame(sample))["latent"][0].numpy())
        found[1].append(crops(grey, pixel)["latent"][0].numpy())
    return np.stack(found[0]), np.stack(found[1])


def _embedded(rows: NDArray) -> NDArray:
    try:
        from openTSNE import TSNE
    except ImportError:
        return _principal(rows)
    return np.asarray(TSNE(perplexity=min(30, len(rows) // 4), random_state=0).fit(rows))


def _principal(rows: NDArray) -> NDArray:
    centred = rows - rows.mean(axis=0)
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    return left[:, :2] * size[:2]


@torch.no_grad()
def _members(run: Benchmark, model: Model, rows: Sequence[int], wide: float) -> Iterator[NDArray]:
    """Yield S(r) (members, 48) of each film's ensemble."""
    graph = model.graph("saxs:sem").eval()
    more = torch.zeros(1), torch.arange(MEMBERS), torch.tensor(wide)
    for sample in run.test.samples(rows):
        yield two_point(graph(*_frame(sample), *more)["ensemble"][0].numpy())


def _frame(sample: Any) -> list[torch.Tensor]:
    return [torch.from_numpy(sample.arrays["saxs"][name])[None] for name in _FRAME]


def _of(truth: Truths, kind: str) -> NDArray[np.int64]:
    return np.flatnonzero(np.array(truth.morphology) == kind)


def _band(ax: Any, curves: NDArray, colour: str, label: str) -> None:
    mean, deviation = curves.mean(axis=0), curves.std(axis=0)
    ax.plot(R_NM, mean, color=colour, label=label)
    ax.fill_between(R_NM, mean - deviation, mean + deviation, color=colour, alpha=0.2, lw=0)


def _axes(rows: int, columns: int, title: str) -> tuple[Figure, NDArray]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(5.0, 3.6 * columns), 3.6 * rows), layout="constrained")
    figure.suptitle(f"{title} (simulated)", fontsize=10)
    return figure, figure.subplots(rows, columns, squeeze=False).ravel()
