"""The figures that every pair's report has: curves of error, trust, losses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xmodkit.evaluation import Evaluation, Figure
from xmodkit.modality import Array
from xmodkit.report.numbers import coverage_by_group, flat
from xmodkit.report.style import (
    ACCENT,
    BLUE,
    FAINT,
    INK,
    canvas,
    legend,
    line_styles,
    png,
)
from xmodkit.scores import error_curves, risk_coverage, spearman, thirds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["core_figures", "curve_figure"]

_KINDS: Final[Mapping[str, str]] = {
    "r2": "R²",
    "pearson": "Pearson correlation",
    "mae": "MAE",
    "rmse": "RMSE",
}
_MOST_POINTS = 4000  # of a scatter plot


def core_figures(evaluation: Evaluation) -> Iterator[Figure]:
    """Yield the figures of any pair, as far as the route has what they show."""
    if evaluation.truth[evaluation.field].ndim == 2:
        yield curve_figure(evaluation)
    if evaluation.prediction.novelty is not None:
        yield _trust(evaluation)
    yield _loss_histogram(evaluation)
    yield _losses(evaluation)


def curve_figure(
    evaluation: Evaluation, decorate: Callable[[str, Axes], None] = lambda *_: None
) -> Figure:
    """Return R2, Pearson, MAE and RMSE of each channel, for every peer.

    `decorate` adds to one panel what the pair knows: it is given the kind of error and the axes.
    """
    axis = evaluation.pair.modality(evaluation.route.target).field(evaluation.field).axes[0]
    x = np.asarray(axis.coordinates or range(axis.size or 0), float)
    truth = evaluation.truth[evaluation.field]
    styles = _styles(evaluation)
    figure = canvas(9, 5.4)
    for place, (kind, label) in enumerate(_KINDS.items(), start=1):
        axes = figure.add_subplot(2, 2, place)
        for peer, fields in evaluation.peers.items():
            curve = error_curves(truth, fields[evaluation.field])[kind]
            if np.isfinite(curve).any():
                axes.plot(x, curve, label=peer, **styles[peer])
        axes.set(title=label, xlim=(x[0], x[-1]))
        if kind in ("r2", "pearson"):
            low = min(line.get_ydata().min() for line in axes.lines)  # type: ignore[union-attr]
            axes.set_ylim(max(-0.2, min(0.0, low - 0.05)), 1.0)
        else:
            axes.set_ylim(bottom=0)
        decorate(kind, axes)
        if place > 2:
            axes.set_xlabel(f"{axis.name} / {axis.unit}" if axis.unit else axis.name)
        if place == 3:
            axes.legend(loc="upper left")
    return Figure(
        "curves",
        f"Error along the {axis.name} axis",
        "R², Pearson correlation, mean absolute and root mean square error of each channel over "
        "samples. Floors are broken lines: the training mean, and what is predicted without a "
        "network.",
        png(figure),
        "Spectra" if axis.name in ("energy", "wavelength") else "Fields",
    )


def _trust(evaluation: Evaluation) -> Figure:
    figure = canvas(9, 5.4)
    _coverage(evaluation, figure.add_subplot(2, 2, 1))
    _group_coverage(evaluation, figure.add_subplot(2, 2, 2))
    _novelty_against_error(evaluation, figure.add_subplot(2, 2, 3))
    _risk(evaluation, figure.add_subplot(2, 2, 4))
    return Figure(
        "trust",
        "How far to trust it",
        f"Top: share of true values inside the stated {evaluation.coverage:.0%} bounds, by third "
        "of novelty (all channels; whole curves), and by group. Bottom: error against novelty, "
        "flagged samples in orange, and mean error of the samples "
        "answered when the most novel are left out first; below it the best order there is.",
        png(figure),
        "Trust",
    )


def _coverage(evaluation: Evaluation, axes: Axes) -> None:
    """Draw coverage by third of novelty, pointwise and of whole curves."""
    value = evaluation.prediction.fields[evaluation.field]
    axes.set(title="Coverage by novelty", ylim=(0, 1), ylabel="share inside")
    if value.lower is None or value.upper is None:
        axes.text(0.5, 0.5, "no bounds", ha="center", color=FAINT)
        return
    truth = evaluation.truth[evaluation.field]
    inside = flat(np.asarray((truth >= value.lower) & (truth <= value.upper)))
    bounded = ~np.isnan(flat(value.lower)).any(axis=1)
    assert evaluation.prediction.novelty is not None
    third = thirds(evaluation.prediction.novelty)
    parts = [bounded & (third == i) for i in range(3)]
    for offset, label, colour, found in (
        (-0.2, "pointwise", BLUE, inside.mean(axis=1)),
        (0.2, "whole curve", "#bcdaec", np.asarray(inside.all(axis=1))),
    ):
        heights = [float(found[part].mean()) if part.any() else 0.0 for part in parts]
        bars = axes.bar(np.arange(3) + offset, heights, 0.38, color=colour, label=label)
        axes.bar_label(bars, [f"{h:.2f}" for h in heights], fontsize=7, color=FAINT)
    axes.axhline(evaluation.coverage, color=ACCENT, linestyle="--", linewidth=1.1, label="stated")
    axes.set_xticks(range(3), ["most familiar third", "middle", "most novel"])
    axes.set_ylim(0, 1.32)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.grid(visible=False, axis="x")
    axes.legend(ncols=3, loc="upper left")


def _group_coverage(evaluation: Evaluation, axes: Axes) -> None:
    """Draw how coverage spreads over groups of each kind."""
    found = {k: coverage_by_group(evaluation, k) for k in evaluation.groups}
    found = {kind: shares for kind, shares in found.items() if shares.size}
    axes.set(title="Coverage by group")
    if not found:
        axes.text(0.5, 0.5, "no group has 10 samples", ha="center", color=FAINT)
        axes.set(xticks=[], yticks=[])
        return
    axes.boxplot(list(found.values()), orientation="horizontal", widths=0.5, **_BOX)
    names = [f"{kind}\n({shares.size} groups)" for kind, shares in found.items()]
    axes.set_yticks(range(1, len(names) + 1), names)
    axes.axvline(evaluation.coverage, color=ACCENT, linestyle="--", linewidth=1.1)
    low = min(float(shares.min()) for shares in found.values())
    axes.set(xlim=(min(0.6, low - 0.02), 1), xlabel="share inside, groups of 10 samples or more")


_BOX: Final[Any] = {
    "patch_artist": True,
    "boxprops": {"facecolor": "#bcdaec", "edgecolor": BLUE},
    "medianprops": {"color": INK},
    "whiskerprops": {"color": BLUE},
    "capprops": {"color": BLUE},
    "flierprops": {"marker": ".", "markeredgecolor": BLUE},
}


def _novelty_against_error(evaluation: Evaluation, axes: Axes) -> None:
    novelty = evaluation.prediction.novelty
    assert novelty is not None
    error = np.sqrt(evaluation.loss)
    novel = evaluation.prediction.novel
    shown = np.random.default_rng(evaluation.seed).permutation(len(error))[:_MOST_POINTS]
    flagged = np.zeros(len(error), bool) if novel is None else novel
    for label, rows, colour in (
        ("familiar", shown[~flagged[shown]], BLUE),
        ("flagged as novel", shown[flagged[shown]], ACCENT),
    ):
        if len(rows):
            axes.scatter(
                novelty[rows], error[rows], s=5, c=colour, alpha=0.4, linewidths=0, label=label
            )
    rank = spearman(novelty, error)
    axes.set(title=f"Novelty and error (Spearman {rank:+.2f})", xlabel="novelty", ylabel="RMSE")
    if (novelty > 0).all():
        axes.set_xscale("log")
    if (error > 0).all():
        axes.set_yscale("log")
    axes.legend(markerscale=2)


def _risk(evaluation: Evaluation, axes: Axes) -> None:
    novelty = evaluation.prediction.novelty
    assert novelty is not None
    error = np.sqrt(evaluation.loss)
    share = np.arange(1, len(error) + 1) / len(error)
    axes.plot(share, risk_coverage(error, novelty), color=BLUE, label="by novelty")
    axes.plot(share, risk_coverage(error, error), color=FAINT, linestyle=":", label="by true error")
    axes.axhline(error.mean(), color=ACCENT, linestyle="--", linewidth=1.1, label="in any order")
    axes.set(
        title="Risk and coverage", xlabel="share of samples answered", ylabel="mean RMSE of those"
    )
    axes.set(xlim=(0, 1), ylim=(0, None))
    axes.legend()


def _loss_histogram(evaluation: Evaluation) -> Figure:
    figure = canvas(9, 2.9)
    axes = figure.add_subplot()
    losses = {peer: _log(evaluation.loss_of(peer)) for peer in evaluation.peers}
    ends = np.percentile(np.concatenate(list(losses.values())), [0.1, 99.9])
    bins = np.linspace(ends[0], ends[1], 60)
    for peer, loss in losses.items():
        options = dict(_styles(evaluation)[peer])
        axes.hist(np.clip(loss, *ends), bins.tolist(), histtype="step", label=peer, **options)
    axes.set(xlabel="log10 of a sample's mean squared error", ylabel="samples")
    legend(axes, loc="upper left")
    quantiles = {
        peer: {f"p{q}": float(10 ** np.percentile(loss, q)) for q in (10, 50, 80, 90, 99)}
        for peer, loss in losses.items()
    }
    return Figure(
        "loss-histogram",
        "Loss over samples",
        "How the mean squared error spreads over the judged samples, for the run and its peers.",
        png(figure),
        "Losses",
        {"mse_percentiles": quantiles},
    )


def _losses(evaluation: Evaluation) -> Figure:
    """Draw each stage's training and validation loss; on a logarithmic scale where positive."""
    runs = evaluation.runs
    stages = {run.name: list(dict.fromkeys(row["stage"] for row in run.losses)) for run in runs}
    across = max(2, *(len(names) for names in stages.values()))
    figure = canvas(9, 2.6 * len(runs))
    for i, run in enumerate(runs):
        for j, stage in enumerate(stages[run.name]):
            axes = figure.add_subplot(len(runs), across, i * across + j + 1)
            rows = [row for row in run.losses if row["stage"] == stage]
            epochs = [row["epoch"] for row in rows]
            for key, colour in (("training", BLUE), ("validation", ACCENT)):
                axes.plot(epochs, [row[key] for row in rows], color=colour, label=key)
            if all(row[key] > 0 for row in rows for key in ("training", "validation")):
                axes.set_yscale("log")
            axes.set(title=f"{run.name}: {stage}", xlabel="epoch")
            axes.legend()
    numbers = {
        run.name: {
            str(row["stage"]): {key: row[key] for key in ("epoch", "training", "validation")}
            for row in run.losses  # the last row of a stage stays
        }
        for run in runs
    }
    return Figure(
        "losses",
        "Training",
        "Loss of each stage on training and validation rows.",
        png(figure),
        "Losses",
        {"last_epoch": numbers},
    )


def _styles(evaluation: Evaluation) -> dict[str, dict[str, Any]]:
    """Return how each peer is drawn: runs solid, floors broken."""
    runs = [run.name for run in evaluation.runs if run.name in evaluation.peers]
    styles = line_styles(len(runs), len(evaluation.peers) - len(runs))
    return dict(zip(evaluation.peers, styles, strict=True))


def _log(values: Array) -> Array:
    logs: Array = np.log10(np.maximum(values, 1e-12))
    return logs
