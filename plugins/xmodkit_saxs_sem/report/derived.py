"""Scalars read off the predictions against those read off what was measured."""

from __future__ import annotations

import numpy as np

from xmodkit.evaluation import Evaluation, Figure
from xmodkit.report.style import ACCENT, BLUE, INK, canvas, png

__all__ = ["derived_parity"]


def derived_parity(evaluation: Evaluation) -> Figure | None:
    """Return predicted against measured scalars; None where the route derives none."""
    truth = evaluation.derived_truth
    if not truth:
        return None
    across = min(len(truth), 3)
    down = -(-len(truth) // across)
    figure = canvas(9, 2.9 * down)
    flags = evaluation.prediction.novel
    novel = np.zeros(len(evaluation.samples), bool) if flags is None else flags
    found: dict[str, float | None] = {}
    for place, name in enumerate(truth, start=1):
        true, value = truth[name].value, evaluation.prediction.derived[name].value
        known = np.isfinite(true) & np.isfinite(value)
        axes = figure.add_subplot(down, across, place)
        for rows, colour in ((known & ~novel, BLUE), (known & novel, ACCENT)):
            axes.scatter(true[rows], value[rows], s=6, c=colour, alpha=0.5, linewidths=0)
        if known.any():
            ends = [float(true[known].min()), float(true[known].max())]
            axes.plot(ends, ends, color=INK, linewidth=0.8)
        unit = truth[name].unit
        label = f"measured / {unit}" if unit not in ("", "1") else "measured"
        axes.set(title=name.replace("_", " "), xlabel=label)
        axes.locator_params(nbins=5)
        if (place - 1) % across == 0:
            axes.set_ylabel("predicted")
        found[name] = float(np.abs(value - true)[known].mean()) if known.any() else None
    return Figure(
        "derived",
        "What is read off the predictions",
        "Scalars of the predicted ensemble (over its members) or frame against those of what "
        "was measured; samples flagged as novel in orange. What shows no period has no spacing, "
        "orientation or defects, and is left out.",
        png(figure),
        "Derived values",
        {"mean_absolute_error": found},
    )
