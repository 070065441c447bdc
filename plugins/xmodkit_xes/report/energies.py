"""Error per energy, over the mean spectrum: where there is something to predict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from xmodkit.evaluation import Evaluation, Figure
from xmodkit.report.figures import curve_figure
from xmodkit.report.style import SHADE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["per_energy"]


def per_energy(evaluation: Evaluation) -> Figure:
    """Return R2, Pearson, MAE and RMSE per energy, the mean spectrum behind them."""
    axis = evaluation.prediction.fields[evaluation.field].axes[-1]
    energies = np.array(axis.coordinates)
    spectrum = evaluation.reference_truth[evaluation.field].mean(axis=0)
    height = np.clip(spectrum, 0, None) / spectrum.max()

    def shade(kind: str, axes: Axes) -> None:
        place = axes.get_xaxis_transform()
        axes.fill_between(energies, 0.97 * height, color=SHADE, zorder=0, transform=place)

    figure = curve_figure(evaluation, shade)
    return replace(
        figure,
        title="Error per energy",
        caption=f"{figure.caption} Shaded: the training rows' mean spectrum. Where that is flat "
        "and all spectra agree, R² says little.",
        section="Spectra",
    )
