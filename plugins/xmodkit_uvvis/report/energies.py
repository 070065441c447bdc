"""Error per energy, with what no sensor sees shaded and what the paper claims as lines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from xmodkit.evaluation import Evaluation, Figure, Row
from xmodkit.report.figures import curve_figure
from xmodkit.report.style import FAINT, INK, SHADE
from xmodkit.scores import error_curves
from xmodkit_uvvis.modalities import ENERGY_EV, VISIBLE_FROM_EV

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CLAIMED_TO_EV", "per_energy"]

CLAIMED_TO_EV: Final = 2.75
# Stein et al. 2019: above these up to 2.75 eV.
_CLAIMS: Final = {"r2": 0.6, "pearson": 0.75}


def per_energy(evaluation: Evaluation) -> Figure:
    """Return R2, Pearson, MAE and RMSE per energy, and the rows that the paper's claims need."""
    figure = curve_figure(evaluation, _decorate)
    return replace(
        figure,
        title="Error per energy",
        caption=f"{figure.caption} Shaded: below {VISIBLE_FROM_EV} eV, where no RGB sensor sees "
        "and the spectrum is inferred. Grey steps: what Stein et al. 2019 claim on their measured "
        f"samples, R² above {_CLAIMS['r2']} and Pearson above {_CLAIMS['pearson']} up to "
        f"{CLAIMED_TO_EV} eV.",
        section="Spectra",
        rows=tuple(_rows(evaluation)),
    )


def _decorate(kind: str, axes: Axes) -> None:
    axes.axvspan(float(ENERGY_EV[0]), VISIBLE_FROM_EV, color=SHADE, zorder=0)
    axes.text(
        VISIBLE_FROM_EV - 0.01, 0.02, "inferred", color=FAINT, fontsize=8, ha="right",
        transform=axes.get_xaxis_transform(),
    )  # fmt: skip
    if kind in _CLAIMS:
        claim = _CLAIMS[kind]
        axes.plot(
            [ENERGY_EV[0], CLAIMED_TO_EV, CLAIMED_TO_EV], [claim, claim, 0], color=INK, alpha=0.35
        )
        axes.text(
            CLAIMED_TO_EV - 0.01, claim + 0.01, "published", color=FAINT, fontsize=8, ha="right"
        )


def _rows(evaluation: Evaluation) -> list[Row]:
    claimed = ENERGY_EV <= CLAIMED_TO_EV
    truth = evaluation.truth["absorption"]
    curves = {p: error_curves(truth, f["absorption"]) for p, f in evaluation.peers.items()}
    upto = f"up to {CLAIMED_TO_EV} eV"
    rows = []
    for kind, label in (("r2", "R²"), ("pearson", "Pearson")):
        inside = {peer: curve[kind][claimed] for peer, curve in curves.items()}
        means = {peer: float(curve.mean()) for peer, curve in inside.items()}
        worst = {peer: float(curve.min()) for peer, curve in inside.items()}
        rows.append(Row(f"{label} per energy {upto}, mean", means))
        rows.append(
            Row(f"{label} per energy {upto}, lowest", worst, published=f"> {_CLAIMS[kind]}")
        )
    return rows
