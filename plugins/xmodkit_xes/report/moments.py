"""Moments of windows: read off the predicted spectra against those of the true ones."""

from __future__ import annotations

import numpy as np

from xmodkit.evaluation import Evaluation, Figure
from xmodkit.report.style import ACCENT, BLUE, INK, canvas, png

__all__ = ["moment_parity"]

_SHOWN = ("mean", "sd")


def moment_parity(evaluation: Evaluation) -> Figure | None:
    """Return predicted against true means and standard deviations; None without windows."""
    truth = evaluation.derived_truth
    names = [name for name in truth if name.endswith(tuple(f"_{kind}" for kind in _SHOWN))]
    if not names:
        return None
    figure = canvas(9, 2.7 * (1 + (len(names) - 1) // 4))
    flags = evaluation.prediction.novel
    novel = np.zeros(len(evaluation.samples), bool) if flags is None else flags
    for place, name in enumerate(names, start=1):
        true, found = truth[name].value, evaluation.prediction.derived[name].value
        known = np.isfinite(true) & np.isfinite(found)
        axes = figure.add_subplot(1 + (len(names) - 1) // 4, min(len(names), 4), place)
        for rows, colour in ((known & ~novel, BLUE), (known & novel, ACCENT)):
            axes.scatter(true[rows], found[rows], s=6, c=colour, alpha=0.5, linewidths=0)
        if known.any():
            ends = [float(true[known].min()), float(true[known].max())]
            axes.plot(ends, ends, color=INK, linewidth=0.8)
        axes.set(title=name.replace("_", " "), xlabel=f"true / {truth[name].unit}")
        axes.ticklabel_format(useOffset=False)
        axes.locator_params(nbins=4)
        axes.tick_params(labelsize=7)
        if place == 1:
            axes.set_ylabel("predicted")
    return Figure(
        "moments",
        "Moments of windows",
        "Mean and standard deviation of each window, read off the predicted spectrum and off the "
        "true one; samples flagged as novel in orange.",
        png(figure),
        "Moments",
    )
