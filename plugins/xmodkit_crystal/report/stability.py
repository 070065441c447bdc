"""How well stable crystals are told from others: ranked, and by their probability."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import MissingExtraError
from xmodkit.evaluation import Evaluation, Figure, Row
from xmodkit.report.style import BLUE, FAINT, INK, PALE, canvas, legend, line_styles, png
from xmodkit_crystal.report.known import ENERGY, STABILITY, energies, stable_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Ranking", "rankings", "recall_at", "stability_figure"]

_TOP = 0.01  # of all crystals: those that one would calculate first
_RARER_EV = (0.2, 0.0)  # thresholds that fewer crystals pass, told beside the model's own
_BINS = 10

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Ranking:
    """Crystals below an energy in eV/atom, and how highly each peer ranks every crystal (n,)."""

    below: float
    stable: Mask
    scores: Mapping[str, Floats]

    def average_precisions(self) -> dict[str, float | None]:
        """Return the average precision of each peer; that of a random order is the prevalence."""
        average_precision = _metrics().average_precision_score
        return {n: float(average_precision(self.stable, s)) for n, s in self.scores.items()}

    def recalls(self) -> dict[str, float | None]:
        """Return the share of stable crystals among the first percent of each peer."""
        return {name: recall_at(s, self.stable, _TOP) for name, s in self.scores.items()}


def stability_figure(evaluation: Evaluation) -> Figure | None:
    """Return precision over recall, and how often a stated probability comes true.

    None where the run gives no stability, or not both kinds of crystals are known. Raise
    `MissingExtraError` without scikit-learn.
    """
    every = list(rankings(evaluation))
    if not every:
        return None
    own = every[0]
    stated = np.asarray(evaluation.prediction.fields[STABILITY].value, np.float64)
    stated = stated[~np.isnan(energies(evaluation.samples))]
    answered = ~np.isnan(stated)
    figure = canvas(9, 3.8)
    left, right = figure.subplots(1, 2)
    _precision(left, evaluation, own)
    reliability = _reliability(right, stated[answered], own.stable[answered])
    return Figure(
        "stability",
        "Stability",
        f"Stable is what lies below {own.below:g} eV/atom: {own.stable.mean():.1%} of the crystals "
        "of known energy. Left: precision over recall, by stated probability, of peers without one "
        "by predicted energy; dotted, any order. Crystals outside the learned chemistry, of which "
        "nothing is stated, come last. Right: how many are stable of those whose probability lies "
        "in a bin; bars say how many do.",
        png(figure),
        "Energy and stability",
        {
            "by_threshold": [_numbers(ranking) for ranking in every],
            "answered": float(answered.mean()),
            **reliability,
        },
        tuple(row for ranking in every for row in _rows(ranking)),
    )


def rankings(evaluation: Evaluation) -> Iterator[Ranking]:
    """Yield peers' rankings at the model's own threshold, then at rarer ones that some pass.

    A peer ranks by the stability that it states for its own threshold, else by falling energy.
    Nothing is yielded where the run states no stability or knows no crystal of either kind.
    """
    energy = energies(evaluation.samples)
    there = ~np.isnan(energy)
    if STABILITY not in evaluation.prediction.fields or not there.any():
        return
    own = stable_below(evaluation.run)
    for below in (own, *(rarer for rarer in _RARER_EV if rarer < own)):
        stable = energy[there] < below
        if stable.all() or not stable.any():
            if below == own:
                return
            continue
        peers = {name: _score(fields, below == own) for name, fields in evaluation.peers.items()}
        scores = {name: _last_if_unknown(s[there]) for name, s in peers.items() if s is not None}
        yield Ranking(below, stable, scores)


def recall_at(scores: Floats, stable: Mask, share: float) -> float:
    """Return which share of stable crystals lies among the highest scores, expected over ties."""
    first = max(1, round(share * len(scores)))
    last = np.sort(scores)[-first]
    above, tied = scores > last, scores == last
    found = stable[above].sum() + (first - above.sum()) * stable[tied].mean()
    return float(found / stable.sum())


def _score(fields: Mapping[str, Any], own: bool) -> Floats | None:
    names = (STABILITY, ENERGY) if own else (ENERGY, STABILITY)
    name = next((name for name in names if name in fields), None)
    if name is None:
        return None
    values = np.asarray(fields[name], np.float64)
    return values if name == STABILITY else -values


def _last_if_unknown(scores: Floats) -> Floats:
    unknown = np.isnan(scores)
    lowest = scores[~unknown].min() if not unknown.all() else 0.0
    return np.where(unknown, lowest - 1, scores)


def _numbers(ranking: Ranking) -> dict[str, Any]:
    stable = ranking.stable
    return {
        "below_ev_per_atom": ranking.below,
        "samples": len(stable),
        "stable": int(stable.sum()),
        "prevalence": float(stable.mean()),
        "average_precision": ranking.average_precisions(),
        "recall_in_top_percent": ranking.recalls(),
        "best_recall_in_top_percent": recall_at(stable.astype(float), stable, _TOP),
    }


def _rows(ranking: Ranking) -> Iterator[Row]:
    what = f"stable (< {ranking.below:g} eV/atom)"
    yield Row(f"{what}: average precision", ranking.average_precisions())
    yield Row(f"{what}: recall in the top 1 %", ranking.recalls())


def _precision(axes: Axes, evaluation: Evaluation, own: Ranking) -> None:
    curve = _metrics().precision_recall_curve
    runs = sum(run.name in own.scores for run in evaluation.runs)
    styles = line_styles(runs, len(own.scores) - runs)
    for (name, scores), style in zip(own.scores.items(), styles, strict=True):
        precision, recall, _ = curve(own.stable, scores)
        axes.step(recall, precision, where="post", label=name, **style)
    axes.axhline(own.stable.mean(), color=FAINT, linestyle=":", linewidth=0.8)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02), title="Ranking")
    legend(axes)


def _reliability(axes: Axes, stated: Floats, stable: Mask) -> dict[str, Any]:
    """Draw how often what was stated came true; return Brier scores and the calibration error."""
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8)
    axes.set(xlabel="stated probability", ylabel="share that is stable", title="Reliability")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    if not stated.size:
        return {}
    place = np.minimum((stated * _BINS).astype(int), _BINS - 1)
    counts = np.bincount(place, minlength=_BINS)
    used = counts > 0
    means, shares = (
        np.bincount(place, values, _BINS)[used] / counts[used] for values in (stated, stable)
    )
    behind = axes.twinx()
    behind.bar((np.arange(_BINS) + 0.5) / _BINS, counts, 0.9 / _BINS, color=PALE, zorder=0)
    behind.set_yscale("log")
    behind.set_ylabel("crystals")
    behind.grid(visible=False)
    axes.set_zorder(behind.get_zorder() + 1)
    axes.patch.set_visible(False)
    axes.plot(means, shares, color=BLUE, marker="o", markersize=4)
    return {
        "brier": float(((stated - stable) ** 2).mean()),
        "brier_of_prevalence": float(stable.mean() * (1 - stable.mean())),
        "calibration_error": float((counts[used] * np.abs(means - shares)).sum() / counts.sum()),
        "reliability": {
            "stated": means.tolist(),
            "stable": shares.tolist(),
            "crystals": counts[used].tolist(),
        },
    }


def _metrics() -> Any:
    try:
        from sklearn import metrics
    except ImportError as error:
        raise MissingExtraError("precision and recall", "scikit-learn", "train") from error
    return metrics
