"""Energies of formation, predicted against known, with their bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from xmodkit.evaluation import Evaluation, Figure, Row
from xmodkit.modality import Array
from xmodkit.report.style import ACCENT, BLUE, FAINT, INK, PALE, canvas, legend, png
from xmodkit.scores import error_scores, thirds
from xmodkit_crystal.report.known import ENERGY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["energy_parity"]

_THIRDS = ("most familiar third", "middle", "most novel")
# As the report's own lines, in whose place they stand.
_ERRORS = {
    "r2_pooled": ("R², pooled over samples and channels", ""),
    "pearson_mean": ("Pearson, mean over channels", ""),
    "mae": ("MAE", "eV/atom"),
    "rmse": ("RMSE", "eV/atom"),
    "median": ("median absolute error", "eV/atom"),
}
_MOST_BARS = 250  # bounds that are drawn: more hide the points


def energy_parity(evaluation: Evaluation) -> Figure | None:
    """Return predicted against known energies, and coverage; None where none are judged."""
    if ENERGY not in evaluation.truth:
        return None
    part = evaluation.at(~np.isnan(evaluation.truth[ENERGY]))
    told = _errors(part.at(~np.isnan(part.prediction.fields[ENERGY].value)))
    figure = canvas(9, 4)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _parity(left, part)
    numbers = _coverage(right, part)
    return Figure(
        "energy",
        "Energy of formation",
        "Left: predicted against known energies, those flagged as novel in orange; lines are the "
        f"bounds of {_MOST_BARS} crystals at most. Right: the share of known energies within their "
        "bounds, and the bounds' mean width, by third of novelty. Crystals outside the chemistry "
        "that the energies were learned from get neither energy nor bounds; errors, also those of "
        "peers, are of the others.",
        png(figure),
        "Energy and stability",
        {"errors": told, **numbers},
        tuple(_rows(told)),
    )


def _errors(answered: Evaluation) -> dict[str, dict[str, float]]:
    """Return errors by kind, each by peer: of crystals that the run answers; nothing of none."""
    found: dict[str, dict[str, float]] = {}
    truth = answered.truth[ENERGY][:, None]
    for peer, value in answered.offered(ENERGY).items() if len(truth) else ():
        scores = error_scores(truth, value[:, None])
        scores["median"] = float(np.median(np.abs(value[:, None] - truth)))
        for kind in _ERRORS:
            found.setdefault(kind, {})[peer] = scores[kind]
    return found


def _rows(told: Mapping[str, Mapping[str, float]]) -> Iterator[Row]:
    """Yield the lines of the summary; errors of a row without an answer would be none for all."""
    for kind, values in told.items():
        yield Row(f"formation energy: {_ERRORS[kind][0]}", values, _ERRORS[kind][1])


def _parity(axes: Axes, part: Evaluation) -> None:
    value, truth = part.prediction.fields[ENERGY], part.truth[ENERGY]
    answered = ~np.isnan(value.value)
    flags = part.prediction.novel
    novel = np.zeros(len(truth), bool) if flags is None else flags
    if value.lower is not None and value.upper is not None:
        bounded = np.flatnonzero(np.isfinite(value.lower) & np.isfinite(value.upper))
        shown = np.random.default_rng(part.seed).permutation(bounded)[:_MOST_BARS]
        axes.vlines(truth[shown], value.lower[shown], value.upper[shown], color=PALE, linewidth=0.7)
    for label, rows, colour in (
        ("familiar", answered & ~novel, BLUE),
        ("flagged as novel", answered & novel, ACCENT),
    ):
        if rows.any():
            axes.scatter(
                truth[rows], value.value[rows], s=6, c=colour, alpha=0.5, linewidths=0,
                label=label, zorder=3,
            )  # fmt: skip
    if answered.any():
        ends = [float(truth[answered].min()), float(truth[answered].max())]
        axes.plot(ends, ends, color=INK, linewidth=0.8)
    axes.set(title="Energies", xlabel="known / (eV/atom)", ylabel="predicted / (eV/atom)")
    legend(axes, markerscale=2)


def _coverage(axes: Axes, part: Evaluation) -> dict[str, object]:
    value, truth, novelty = (
        part.prediction.fields[ENERGY],
        part.truth[ENERGY],
        part.prediction.novelty,
    )
    axes.set(title="Coverage by novelty", ylim=(0, 1.15), ylabel="share inside")
    if value.lower is None or value.upper is None or novelty is None:
        axes.text(0.5, 0.5, "no bounds", ha="center", color=FAINT)
        return {}
    bounded = ~np.isnan(value.lower)
    inside, width = (truth >= value.lower) & (truth <= value.upper), value.upper - value.lower
    third = thirds(novelty)
    parts = [bounded & (third == i) for i in range(3)]
    shares = [_mean(inside[rows]) for rows in parts]
    widths = [_mean(width[rows & np.isfinite(width)]) for rows in parts]
    bars = axes.bar(range(3), [share or 0.0 for share in shares], 0.6, color=BLUE)
    labels = ["none" if w is None else f"{w:.2f} eV/atom" for w in widths]
    axes.bar_label(bars, labels, fontsize=7, color=FAINT)
    axes.axhline(part.coverage, color=ACCENT, linestyle="--", linewidth=1.1)
    axes.set_xticks(range(3), _THIRDS)
    axes.grid(visible=False, axis="x")
    return {
        "with_bounds": int(bounded.sum()),
        "coverage": _mean(inside[bounded]),
        "coverage_by_novelty_third": shares,
        "width_by_novelty_third": widths,
        "answered": float((~np.isnan(value.value)).mean()),
    }


def _mean(values: Array) -> float | None:
    return float(values.mean()) if values.size else None
