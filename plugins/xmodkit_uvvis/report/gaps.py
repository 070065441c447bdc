"""Band gaps of predicted spectra against those of measured ones and against the material's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xmodkit.evaluation import Evaluation, Figure, Row
from xmodkit.modality import Array
from xmodkit.report.style import ACCENT, BLUE, FAINT, INK, PALE, canvas, png
from xmodkit.scores import scalar_errors
from xmodkit_uvvis.modalities import GAP_WINDOW_EV

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["gap_errors", "gap_parity"]

_KINDS: Final = {"band_gap": ("direct", "gap_direct_eV"),
                 "band_gap_indirect": ("indirect", "gap_indirect_eV")}  # fmt: skip
# Stein et al. 2019, direct gap of predicted against measured spectra, in eV.
_PUBLISHED: Final = {"mae": "0.180", "rmse": "0.261", "mean_error": "-0.010",
                     "median_error": "0.0088"}  # fmt: skip
_LABELS: Final = {
    "mae": "MAE",
    "rmse": "RMSE",
    "mean_error": "mean error",
    "median_error": "median error",
}
_MANY: Final = 1000  # samples from which on cells are counted on a logarithmic scale
_RANGE: Final = 1.0  # eV shown on either side


def gap_errors(evaluation: Evaluation) -> Figure:
    """Return histograms of gap errors, with MAE, RMSE, mean and median, against both truths."""
    truths = list(_truths(evaluation))
    figure = canvas(9, 2.7 * ((len(truths) + 1) // 2))
    numbers: dict[str, Any] = {}
    for place, (name, against, truth) in enumerate(truths, start=1):
        axes = figure.add_subplot((len(truths) + 1) // 2, 2, place)
        value = evaluation.derived_peers[evaluation.run.name][name]
        scores = scalar_errors(truth, value, GAP_WINDOW_EV)
        numbers[f"{name} against {against}"] = scores
        _histogram(axes, _errors(truth, value), scores)
        axes.set_title(f"{_KINDS[name][0]} gap, against {against}")
    return Figure(
        "gap-errors",
        "Band-gap error",
        "Gap read off the predicted spectrum less the gap read off the measured spectrum, and less "
        f"the material's own gap where it is known; both cut to {GAP_WINDOW_EV[0]:.2f} to "
        f"{GAP_WINDOW_EV[1]:.2f} eV. The lines mark zero and the median. Stein et al. 2019 publish "
        "MAE 180, RMSE 261, mean -10 and median 8.8 meV for the direct gap against the measured "
        "spectrum.",
        png(figure),
        "Band gap",
        numbers,
        tuple(_rows(evaluation)),
    )


def gap_parity(evaluation: Evaluation) -> Figure:
    """Return predicted against measured gaps, as densities, and where one of them is missing."""
    figure = canvas(9, 3.9)
    for place, (name, (kind, _)) in enumerate(_KINDS.items(), start=1):
        axes = figure.add_subplot(1, 2, place)
        truth = evaluation.derived_truth[name].value
        value = evaluation.derived_peers[evaluation.run.name][name]
        both = ~np.isnan(truth) & ~np.isnan(value)
        drawn = axes.hexbin(
            truth[both], value[both], gridsize=32, mincnt=1, cmap=_shades(), linewidths=0.1,
            bins="log" if both.sum() > _MANY else None, extent=(*GAP_WINDOW_EV, *GAP_WINDOW_EV),
        )  # fmt: skip
        axes.plot(GAP_WINDOW_EV, GAP_WINDOW_EV, color=ACCENT, linewidth=1)
        axes.set(
            title=f"{kind} gap ({both.sum():,} samples)",
            xlabel="gap of the measured spectrum / eV",
            ylabel="gap of the predicted spectrum / eV",
            aspect="equal",
        )
        figure.colorbar(drawn, ax=axes, shrink=0.75, label="samples")
    return Figure(
        "gap-parity",
        "Predicted and measured gap",
        "Each cell's shade says how many samples lie in it. Samples where one of the two spectra "
        "has no gap are left out; gaps beyond the window's ends lie on its rim.",
        png(figure),
        "Band gap",
    )


def _shades() -> Any:
    """Return blues of which the palest, one sample, still shows on white."""
    import matplotlib as mpl

    return mpl.colors.ListedColormap(mpl.colormaps["Blues"](np.linspace(0.3, 1, 200)))


def _truths(evaluation: Evaluation) -> Iterator[tuple[str, str, Array]]:
    """Yield each gap's name, what it is compared with, and the true values in eV."""
    for name, (_, key) in _KINDS.items():
        yield name, "the measured spectrum", evaluation.derived_truth[name].value
        known = [sample.metadata.get(key) for sample in evaluation.samples]
        own = np.array([np.nan if gap is None else float(gap) for gap in known])
        if np.isfinite(own).any():
            yield name, "the material's own gap", own


def _histogram(axes: Axes, error: Array, scores: dict[str, Any]) -> None:
    bins = np.linspace(-_RANGE, _RANGE, 81).tolist()
    axes.hist(np.clip(error, -_RANGE, _RANGE), bins, color=PALE, edgecolor=BLUE, linewidth=0.3)
    axes.axvline(0, color=FAINT, linewidth=0.8)
    if error.size:
        axes.axvline(float(np.median(error)), color=ACCENT, linewidth=1)
        lines = [f"{label} {1000 * scores[key]:+.0f} meV" for key, label in _LABELS.items()]
        text = "\n".join([*lines, f"n {scores['both_have_one']:,}"]).replace("E +", "E ")
        axes.text(0.98, 0.95, text, transform=axes.transAxes, ha="right", va="top", color=INK,
                  fontsize=8)  # fmt: skip
    axes.set(xlabel="error / eV", ylabel="samples", xlim=(-_RANGE, _RANGE))


def _errors(truth: Array, value: Array) -> Array:
    both = ~np.isnan(truth) & ~np.isnan(value)
    errors: Array = (np.clip(value, *GAP_WINDOW_EV) - np.clip(truth, *GAP_WINDOW_EV))[both]
    return errors


def _rows(evaluation: Evaluation) -> Iterator[Row]:
    """Yield the summary's lines of the direct gap, with what the paper publishes."""
    truth = evaluation.derived_truth["band_gap"].value
    scores = {
        peer: scalar_errors(truth, values["band_gap"], GAP_WINDOW_EV)
        for peer, values in evaluation.derived_peers.items()
    }
    for key, label in _LABELS.items():
        values = {peer: found.get(key) for peer, found in scores.items()}
        yield Row(f"band gap: {label}", values, "eV", _PUBLISHED[key])
