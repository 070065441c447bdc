"""Spectra from the best predicted to the worst, with the structures they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xmodkit.evaluation import Evaluation, Figure
from xmodkit.report.style import BLUE, FAINT, INK, PALE, canvas, png
from xmodkit_xes.cards import sketch_structure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["chosen_rows", "gallery"]

_ACROSS = 3
_SKETCH = 220  # pixels


def chosen_rows(evaluation: Evaluation) -> dict[str, list[int]]:
    """Return the samples of least, middle and largest loss, up to three each."""
    order = np.argsort(evaluation.loss, kind="stable")
    few = min(_ACROSS, len(order))
    middle = (len(order) - few) // 2
    parts = {"best": order[:few], "median": order[middle : middle + few], "worst": order[-few:]}
    return {name: [int(row) for row in rows] for name, rows in parts.items()}


def gallery(evaluation: Evaluation) -> Figure:
    """Return true and predicted spectra of the best, the median and the worst samples."""
    chosen = chosen_rows(evaluation)
    figure = canvas(9, 7.2)
    for down, (name, rows) in enumerate(chosen.items()):
        for across, row in enumerate(rows):
            axes = figure.add_subplot(len(chosen), _ACROSS, down * _ACROSS + across + 1)
            _spectrum(axes, evaluation, row)
            axes.set_title(f"{name}: {evaluation.samples[row].id[:28]}", fontsize=8)
            if down == len(chosen) - 1:
                axes.set_xlabel("energy / eV", fontsize=8)
            if down == across == 0:
                axes.legend(fontsize=6.5, loc="center left")
    return Figure(
        "gallery",
        "Samples from best to worst",
        "True and predicted spectra of the three samples of least loss, the three in the middle "
        "and the three of largest, each with its structure, the absorber ringed. The band holds "
        "the stated share of true values at each energy; where it is missing the sample was "
        "flagged as novel.",
        png(figure),
        "Spectra",
        {name: [evaluation.samples[row].id for row in rows] for name, rows in chosen.items()},
    )


def _spectrum(axes: Axes, evaluation: Evaluation, row: int) -> None:
    value = evaluation.prediction.fields[evaluation.field][row]
    energies = np.array(value.axes[-1].coordinates)
    truth, sample = evaluation.truth[evaluation.field][row], evaluation.samples[row]
    if value.lower is not None and value.upper is not None:
        axes.fill_between(energies, value.lower, value.upper, color=PALE, linewidth=0)
    label = "calculated" if sample.metadata.get("simulated") else "measured"
    axes.plot(energies, truth, color=INK, linewidth=1, label=label)
    axes.plot(energies, value.value, color=BLUE, linewidth=1.2, label="predicted")
    axes.set(xlim=(energies[0], energies[-1]), ylim=(None, 1.5 * float(truth.max())))
    axes.tick_params(labelsize=7)
    axes.text(0.98, 0.95, f"MSE {evaluation.loss[row]:.1e}", transform=axes.transAxes,
              ha="right", va="top", fontsize=6.5, color=FAINT)  # fmt: skip
    inset = axes.inset_axes((0.01, 0.62, 0.3, 0.37), zorder=5)
    inset.imshow(np.asarray(sketch_structure(sample.arrays["structure"], _SKETCH)))
    inset.set_axis_off()
