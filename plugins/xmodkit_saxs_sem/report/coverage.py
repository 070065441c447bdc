"""How often S(r) lies within its bounds at each distance, and what the ensemble scores there."""

from __future__ import annotations

import numpy as np

from xmodkit.errors import DataError
from xmodkit.evaluation import TRAINING_MEAN, Evaluation, Figure, Row
from xmodkit.modality import Array
from xmodkit.report.style import ACCENT, BLUE, FAINT, INK, canvas, legend, png
from xmodkit_saxs_sem.metrics.ensembles import crps, ensemble_interval
from xmodkit_saxs_sem.metrics.two_point import two_point
from xmodkit_saxs_sem.modalities import R_NM

__all__ = ["coverage"]


def coverage(evaluation: Evaluation) -> Figure:
    """Return coverage of bounds and of the ensemble's own interval over r, and CRPS over r."""
    truth = evaluation.truth["two_point"]
    shares = _shares(evaluation, truth)
    scores = _scores(evaluation, truth)
    figure = canvas(9, 3.4)
    left, right = figure.subplots(1, 2)
    for (name, share), colour in zip(shares.items(), (BLUE, ACCENT), strict=False):
        left.plot(R_NM, 100 * share, color=colour, label=name)
    left.axhline(100 * evaluation.coverage, color=INK, linewidth=0.8, linestyle=":")
    left.set(xlabel="r / nm", ylabel="truths inside / %", ylim=(0, 102), title="Coverage")
    for (name, score), colour in zip(scores.items(), (BLUE, ACCENT, FAINT), strict=False):
        right.plot(R_NM, score, color=colour, label=name)
    right.set(xlabel="r / nm", ylabel="of S(r)", ylim=(0, None), title="CRPS and absolute error")
    for axes in (left, right):
        legend(axes)
    return Figure(
        "coverage_over_r",
        "Bounds and ensemble over r",
        "Left: the share of measured S(r) within the calibrated bounds, and between those members "
        "of the ensemble that would hold the stated share (dotted) if measured images were "
        "members. Right: the continuous ranked probability score of the ensemble, fair for its "
        "size, beside the absolute error of its mean and of the training mean: lower is better.",
        png(figure),
        "Correlations",
        {
            "coverage": {name: np.round(share, 4).tolist() for name, share in shares.items()},
            "scores": {name: np.round(score, 6).tolist() for name, score in scores.items()},
        },
        tuple(
            Row(f"{name}, mean over r", {evaluation.run.name: float(score.mean())})
            for name, score in scores.items()
            if name.startswith("CRPS")
        ),
    )


def _shares(evaluation: Evaluation, truth: Array) -> dict[str, Array]:
    value = evaluation.prediction.fields["two_point"]
    found: dict[str, Array] = {}
    if value.lower is not None and value.upper is not None:
        bounded = ~np.isnan(value.lower).any(axis=1)
        if bounded.any():
            inside = (truth >= value.lower) & (truth <= value.upper)
            found["calibrated bounds"] = inside[bounded].mean(axis=0)
    members = _members(evaluation)
    if members is not None:
        try:
            low, high = ensemble_interval(members, evaluation.coverage)
        except DataError:
            return found  # too few members for such an interval
        found["interval of the ensemble"] = ((truth >= low) & (truth <= high)).mean(axis=0)
    return found


def _scores(evaluation: Evaluation, truth: Array) -> dict[str, Array]:
    members = _members(evaluation)
    value = evaluation.prediction.fields["two_point"].value
    mean = evaluation.peers[TRAINING_MEAN]["two_point"]
    found: dict[str, Array] = {}
    if members is not None and members.shape[1] > 1:
        found["CRPS of the ensemble"] = crps(members, truth).mean(axis=0)
    found["absolute error of its mean"] = np.abs(value - truth).mean(axis=0)
    found["absolute error of the training mean"] = np.abs(mean - truth).mean(axis=0)
    return found


def _members(evaluation: Evaluation) -> Array | None:
    """Return S(r) of the ensembles' members (n, m, 48)."""
    fields = evaluation.prediction.fields
    if "ensemble" not in fields:
        return None
    return np.stack([two_point(members) for members in fields["ensemble"].value])
