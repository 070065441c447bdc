"""The figure of trust: coverage by novelty and by group, novelty and error, risk and coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xmodkit.evaluation import Evaluation, Figure
from xmodkit.report.numbers import coverage_by_group
from xmodkit.report.style import ACCENT, BLUE, BOX, FAINT, PALE, canvas, png
from xmodkit.risk import risk_coverage, spearman
from xmodkit.scores import flat, inside_share, thirds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["trust_figure"]

_MOST_POINTS = 4000  # of a scatter plot


def trust_figure(evaluation: Evaluation) -> Figure:
    """Return how far to trust a judged run that gives a novelty, in four panels."""
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
    inside = inside_share(truth, value.lower, value.upper)
    bounded = ~np.isnan(flat(value.lower)).any(axis=1) & ~np.isnan(inside)
    assert evaluation.prediction.novelty is not None
    third = thirds(evaluation.prediction.novelty)
    parts = [bounded & (third == i) for i in range(3)]
    for offset, label, colour, found in (
        (-0.2, "pointwise", BLUE, inside),
        (0.2, "whole curve", PALE, inside == 1),
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
    axes.boxplot(list(found.values()), orientation="horizontal", widths=0.5, **BOX)
    names = [f"{kind}\n({shares.size} groups)" for kind, shares in found.items()]
    axes.set_yticks(range(1, len(names) + 1), names)
    axes.axvline(evaluation.coverage, color=ACCENT, linestyle="--", linewidth=1.1)
    low = min(float(shares.min()) for shares in found.values())
    axes.set(xlim=(min(0.6, low - 0.02), 1), xlabel="share inside, groups of 10 samples or more")


def _novelty_against_error(evaluation: Evaluation, axes: Axes) -> None:
    evaluation = evaluation.at(~np.isnan(evaluation.loss))
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
    evaluation = evaluation.at(~np.isnan(evaluation.loss))
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
