"""Samples from the best predicted to the worst: image, true and predicted spectrum, bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xmodkit.evaluation import Evaluation, Figure
from xmodkit.report.style import BLUE, FAINT, INK, PALE, SHADE, canvas, png
from xmodkit_uvvis.modalities import ENERGY_EV, VISIBLE_FROM_EV

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["deciles", "gallery"]

_ACROSS = 5


def deciles(evaluation: Evaluation) -> list[int]:
    """Return the sample at each decile of the loss, 0 to 9: the best one and nine from there."""
    order = np.argsort(evaluation.loss, kind="stable")
    return [int(order[len(order) * i // 10]) for i in range(10)]


def gallery(evaluation: Evaluation) -> Figure:
    """Return the gallery of loss deciles, as the paper shows its results."""
    figure = canvas(9, 6.4)
    grid = figure.add_gridspec(4, _ACROSS, height_ratios=(1, 1.25, 1, 1.25))
    chosen = deciles(evaluation)
    for i, row in enumerate(chosen):
        down, across = 2 * (i // _ACROSS), i % _ACROSS
        image = figure.add_subplot(grid[down, across])
        image.imshow(evaluation.samples[row].arrays["scan"]["scan"])
        image.set_axis_off()
        image.set_title(f"decile {i}", fontsize=9, loc="center")
        axes = figure.add_subplot(grid[down + 1, across])
        _spectrum(axes, evaluation, row)
        if across:
            axes.set_yticklabels([])
        else:
            axes.set_ylabel("alpha x t")
        if down:
            axes.set_xlabel("energy / eV", fontsize=8)
        if i == 0:
            axes.legend(fontsize=6.5, loc="upper left", bbox_to_anchor=(0, 1.04))
    return Figure(
        "deciles",
        "Samples from best to worst",
        "Image and spectrum of the sample at each decile of the loss, from the best (0) to the "
        "ninth. The band holds the stated share of true values at each energy; where it is "
        "missing the sample was flagged as novel.",
        png(figure),
        "Samples",
        {"samples": {i: evaluation.samples[row].id for i, row in enumerate(chosen)}},
    )


def _spectrum(axes: Axes, evaluation: Evaluation, row: int) -> None:
    value = evaluation.prediction.fields["absorption"][row]
    truth = evaluation.truth["absorption"][row]
    axes.axvspan(float(ENERGY_EV[0]), VISIBLE_FROM_EV, color=SHADE, zorder=0)
    if value.lower is not None and value.upper is not None:
        axes.fill_between(ENERGY_EV, value.lower, value.upper, color=PALE, linewidth=0)
    label = "simulated" if evaluation.samples[row].metadata.get("simulated") else "measured"
    axes.plot(ENERGY_EV, truth, color=INK, linewidth=1, label=label)
    axes.plot(ENERGY_EV, value.value, color=BLUE, linewidth=1.2, label="predicted")
    axes.set(xlim=(ENERGY_EV[0], ENERGY_EV[-1]), ylim=(-0.05, 1.5), xticks=(1.5, 2, 2.5, 3))
    axes.tick_params(labelsize=7)
    axes.text(0.97, 0.93, f"MSE {evaluation.loss[row]:.1e}", transform=axes.transAxes,
              ha="right", va="top", fontsize=6.5, color=FAINT)  # fmt: skip
