"""The figures that every pair's report has: curves of error, trust, losses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xmodkit.evaluation import Evaluation, Figure
from xmodkit.modality import Array
from xmodkit.report.style import (
    ACCENT,
    BLUE,
    canvas,
    legend,
    line_styles,
    png,
)
from xmodkit.report.tables import words
from xmodkit.report.trust import trust_figure
from xmodkit.scores import error_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["core_figures", "curve_figure"]

_KINDS: Final[Mapping[str, str]] = {
    "r2": "R²",
    "pearson": "Pearson correlation",
    "mae": "MAE",
    "rmse": "RMSE",
}


def core_figures(evaluation: Evaluation) -> Iterator[Figure]:
    """Yield the figures of any pair, as far as the route has what they show."""
    if evaluation.truth:
        if evaluation.truth[evaluation.field].ndim == 2:
            yield curve_figure(evaluation)
        if evaluation.prediction.novelty is not None and not np.isnan(evaluation.loss).all():
            yield trust_figure(evaluation)
        yield _loss_histogram(evaluation)
    if any(run.losses for run in evaluation.runs):  # a closed form has none
        yield _losses(evaluation)


def curve_figure(
    evaluation: Evaluation, decorate: Callable[[str, Axes], None] = lambda *_: None
) -> Figure:
    """Return R2, Pearson, MAE and RMSE of each channel, for every peer.

    `decorate` adds to one panel what the pair knows: it is given the kind of error and the axes.
    """
    axis = evaluation.prediction.fields[evaluation.field].axes[-1]  # its coordinates are known
    x = np.asarray(axis.coordinates or range(axis.size or 0), float)
    truth = evaluation.truth[evaluation.field]
    styles = _styles(evaluation)
    figure = canvas(9, 5.4)
    for place, (kind, label) in enumerate(_KINDS.items(), start=1):
        axes = figure.add_subplot(2, 2, place)
        for peer, found in evaluation.offered(evaluation.field).items():
            curve = error_curves(truth, found)[kind]
            if np.isfinite(curve).any():
                axes.plot(x, curve, label=peer, **styles[peer])
        axes.set(title=label, xlim=(x[0], x[-1]))
        if kind in ("r2", "pearson"):
            low = min(float(np.nanmin(line.get_ydata())) for line in axes.lines)
            axes.set_ylim(max(-0.2, min(0.0, low - 0.05)), 1.0)
        else:
            axes.set_ylim(bottom=0)
        decorate(kind, axes)
        if place > 2:
            axes.set_xlabel(f"{words(axis.name)} / {axis.unit}" if axis.unit else words(axis.name))
        if place == 3:
            axes.legend(loc="upper left")
    return Figure(
        "curves",
        f"Error along the {words(axis.name)} axis",
        "R², Pearson correlation, mean absolute and root mean square error of each channel over "
        "samples. Floors are broken lines: the training mean, and what is predicted without a "
        "network.",
        png(figure),
        "Spectra" if axis.name.endswith(("energy", "wavelength")) else "Fields",
    )


def _loss_histogram(evaluation: Evaluation) -> Figure:
    figure = canvas(9, 2.9)
    axes = figure.add_subplot()
    losses = {peer: _log(evaluation.loss_of(peer)) for peer in evaluation.offered(evaluation.field)}
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
            drawn = {"training": BLUE, "validation": ACCENT}
            if not all(np.isfinite(row["validation"]) for row in rows):
                del drawn["validation"]  # nothing was kept back to stop by
            for key, colour in drawn.items():
                axes.plot(epochs, [row[key] for row in rows], color=colour, label=key)
            if all(row[key] > 0 for row in rows for key in drawn):
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
    """Return the logarithms of the values there are (no NaN)."""
    logs: Array = np.log10(np.maximum(values[~np.isnan(values)], 1e-12))
    return logs
