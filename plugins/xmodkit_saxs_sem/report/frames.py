"""Scattering frames from the best predicted to the worst, and where in q errors lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xmodkit.evaluation import Evaluation, Figure, Row
from xmodkit.modality import Array
from xmodkit.report.style import canvas, legend, line_styles, png
from xmodkit_saxs_sem.metrics.spectrum import q_polar
from xmodkit_saxs_sem.modalities import Q_GRID, Q_STEP
from xmodkit_saxs_sem.report.ranking import chosen_rows, sample_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["frame_errors", "frame_gallery"]

_EACH = 2
_EXTENT = (Q_GRID[0], Q_GRID[-1], Q_GRID[0], Q_GRID[-1])
_NAME = "log_intensity"


def frame_gallery(evaluation: Evaluation) -> Figure:
    """Return true and predicted frames of two samples each, and how they differ."""
    chosen = chosen_rows(evaluation, _EACH)
    errors = sample_errors(evaluation)
    places = [(name, row) for name, rows in chosen.items() for row in rows]
    figure = canvas(9, 2.3 * len(places))
    grid = figure.subplots(len(places), 4, squeeze=False)
    for axes, (name, row) in zip(grid, places, strict=True):
        truth = evaluation.truth[_NAME][row]
        value = evaluation.prediction.fields[_NAME].value[row]
        low, high = np.nanquantile(truth, [0.02, 0.999])
        _source(axes[0], evaluation, row)
        _map(axes[1], truth, vmin=low, vmax=high, cmap="magma")
        _map(axes[2], value, vmin=low, vmax=high, cmap="magma")
        shown = _map(axes[3], value - truth, vmin=-1, vmax=1, cmap="RdBu_r")
        figure.colorbar(shown, ax=axes[3], shrink=0.8)
        axes[0].set_ylabel(f"{name}\n{errors[row]:.3f}", fontsize=8)
        if axes[0] is grid[0][0]:
            titles = ("input", "measured", "predicted", "difference")
            for place, title in zip(axes, titles, strict=True):
                place.set_title(title, fontsize=8)
    return Figure(
        "frames",
        "Frames from best to worst",
        "log10 of the intensity over its mean, of two samples each of least, middle and largest "
        "mean absolute error of it (at the left); axes are qx and qy in 1/nm. White was not "
        "measured and does not count.",
        png(figure, dpi=110),
        "Pictures",
        {name: [evaluation.samples[row].id for row in rows] for name, rows in chosen.items()},
    )


def frame_errors(evaluation: Evaluation) -> Figure:
    """Return the mean error over the plane, and the absolute error over |q| of every peer."""
    truth = evaluation.truth[_NAME]
    errors = {n: fields[_NAME] - truth for n, fields in evaluation.peers.items() if _NAME in fields}
    own = errors[evaluation.run.name]
    radii, profiles = _profiles({name: np.abs(error) for name, error in errors.items()})
    medians = {
        name: float(np.median(sample_errors(evaluation, evaluation.peers[name]))) for name in errors
    }
    figure = canvas(9, 2.9)
    bias, size, curves = figure.subplots(1, 3)
    for axes, values, title, options in (
        (bias, own, "mean error", {"vmin": -0.5, "vmax": 0.5, "cmap": "RdBu_r"}),
        (size, np.abs(own), "mean absolute error", {"vmin": 0, "cmap": "viridis"}),
    ):
        figure.colorbar(_map(axes, _mean(values), **options), ax=axes, shrink=0.8)
        axes.set_title(title, fontsize=9)
    runs = sum(run.name in errors for run in evaluation.runs)
    for (name, profile), look in zip(
        profiles.items(), line_styles(runs, len(errors) - runs), strict=True
    ):
        curves.plot(radii, profile, label=name, **look)
    curves.set(xlabel="q / (1/nm)", ylabel="absolute error / decades", ylim=(0, None))
    legend(curves, fontsize=6.5)
    return Figure(
        "frame_errors",
        "Errors over q",
        "Error of log10 of the intensity over its mean, where it was measured: its mean over "
        "samples at each place of the plane, its mean size there, and that over |q| beside what "
        "is predicted without a network.",
        png(figure),
        "Errors",
        {"q": radii.tolist(), "absolute_error": {n: p.tolist() for n, p in profiles.items()}},
        (Row("median MAE of log intensity", medians, "decades"),),
    )


def _profiles(errors: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
    ring = np.rint(q_polar()[0] / Q_STEP).astype(int)
    rings = np.arange(3, len(Q_GRID) // 2)
    means = {name: _mean(error) for name, error in errors.items()}
    profiles = {
        name: np.array([_mean(mean[ring == k]) for k in rings]) for name, mean in means.items()
    }
    return rings * Q_STEP, profiles


def _mean(values: Array) -> Any:
    """Return the mean over the first axis of what was measured; NaN where nothing was."""
    known = np.isfinite(values)
    total, count = np.where(known, values, 0).sum(axis=0), known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _map(axes: Axes, values: Array, **options: Any) -> Any:
    axes.grid(visible=False)
    axes.tick_params(labelsize=6)
    return axes.imshow(values, extent=_EXTENT, interpolation="nearest", **options)


def _source(axes: Axes, evaluation: Evaluation, row: int) -> None:
    """Draw what went in: the middle of the micrograph, or the frame as measured."""
    arrays = evaluation.samples[row].arrays
    if evaluation.route.source == "sem":
        image = arrays["sem"]["micrograph"]
        side = min(*image.shape, 384)
        top, left = ((extent - side) // 2 for extent in image.shape)
        picture = image[top : top + side, left : left + side]
    else:
        frame = arrays["saxs"]
        counts = np.log10(np.maximum(frame["intensity"], 0) + 1)
        picture = np.where(frame["mask"] > 0, counts, np.nan)
    axes.imshow(picture, cmap="gray", interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
