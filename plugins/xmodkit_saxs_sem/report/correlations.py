"""S(r) of the best, the median and the worst samples, with bounds and the ensemble's members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xmodkit.evaluation import Evaluation, Figure, Row
from xmodkit.report.style import BLUE, FAINT, INK, PALE, canvas, png
from xmodkit_saxs_sem.metrics.two_point import two_point
from xmodkit_saxs_sem.modalities import R_NM
from xmodkit_saxs_sem.report.ranking import chosen_rows, sample_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["correlations"]

_ACROSS = 3
_PUBLISHED = "0.0076 (64 training samples; judged with them, Lu & Jayaraman 2023)"


def correlations(evaluation: Evaluation) -> Figure:
    """Return true and predicted S(r) of three samples each, and everyone's errors of it."""
    chosen = chosen_rows(evaluation, _ACROSS)
    errors = {
        name: sample_errors(evaluation, fields)
        for name, fields in evaluation.peers.items()
        if "two_point" in fields
    }
    own = errors[evaluation.run.name]
    figure = canvas(9, 6.6)
    for down, (name, rows) in enumerate(chosen.items()):
        for across, row in enumerate(rows):
            axes = figure.add_subplot(len(chosen), _ACROSS, down * _ACROSS + across + 1)
            _curves(axes, evaluation, row)
            axes.set_title(f"{name}: {evaluation.samples[row].id[:28]}", fontsize=8)
            axes.text(0.97, 0.93, f"MAE {own[row]:.4f}", transform=axes.transAxes, ha="right",
                      va="top", fontsize=7, color=FAINT)  # fmt: skip
            if down == len(chosen) - 1:
                axes.set_xlabel("r / nm", fontsize=8)
            if across == 0:
                axes.set_ylabel("S(r)", fontsize=8)
            if down == across == 0:
                axes.legend(fontsize=6.5, loc="upper center")
    medians = {name: float(np.median(error)) for name, error in errors.items()}
    offsets = {
        name: float(np.abs(fields["two_point"] - evaluation.truth["two_point"])[:, 0].mean())
        for name, fields in evaluation.peers.items()
        if "two_point" in fields
    }
    return Figure(
        "correlations",
        "S(r) from best to worst",
        "Two-point correlation of the bright phase of the samples of least, middle and largest "
        "error: of the measured micrograph's middle (black), the ensemble's mean (blue) with its "
        "bounds, and single members (thin). S(0) is the area fraction, which scattering does not "
        "tell.",
        png(figure),
        "Correlations",
        {
            "median_mae": medians,
            "mean_mae": {name: float(error.mean()) for name, error in errors.items()},
            "mae_of_area_fraction": offsets,
            **{name: [evaluation.samples[row].id for row in rows] for name, rows in chosen.items()},
        },
        (
            Row("median MAE of S(r)", medians, published=_PUBLISHED),
            Row("MAE of the area fraction S(0)", offsets),
        ),
    )


def _curves(axes: Axes, evaluation: Evaluation, row: int) -> None:
    fields = evaluation.prediction.fields
    value = fields["two_point"][row]
    if value.lower is not None and value.upper is not None:
        axes.fill_between(R_NM, value.lower, value.upper, color=PALE, linewidth=0, label="bounds")
    if "ensemble" in fields:
        for member in two_point(fields["ensemble"].value[row][:8]):
            axes.plot(R_NM, member, color=BLUE, linewidth=0.4, alpha=0.5)
    axes.plot(R_NM, evaluation.truth["two_point"][row], color=INK, linewidth=1.1, label="measured")
    axes.plot(R_NM, value.value, color=BLUE, linewidth=1.3, label="predicted")
    axes.set_xlim(0, float(R_NM[-1]))
    axes.tick_params(labelsize=7)
