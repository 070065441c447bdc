"""Crystals through the latent and back: how many match, and how far cells and atoms are off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xmodkit.evaluation import Evaluation, Figure, Row
from xmodkit.report.style import canvas, legend, line_styles, png
from xmodkit_crystal.chemistry.matching import PUBLISHED
from xmodkit_crystal.report.comparison import (
    RECONSTRUCTION,
    STRICT,
    Comparison,
    reconstructed,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["reconstruction_figure", "scores"]

_MOST = 200  # crystals: each is drawn, decoded, searched for atoms and compared
_BINS = 40
_REACH = 97.0  # percent of the errors that a histogram shows unclipped
# Xie et al., ICLR 2022, Table 1: all of their test rows, not these.
_PUBLISHED = {
    "match_rate": "perov_5: 0.993 FTCP, 0.975 CDVAE (other rows)",
    "rms": "perov_5: 0.0259 FTCP, 0.0156 CDVAE (other rows)",
}
_ROWS = {
    "match_rate": (f"reconstruction: match rate, stol {PUBLISHED.stol:g}", ""),
    "match_rate_strict": (f"reconstruction: match rate, stol {STRICT.stol:g}", ""),
    "rms": ("reconstruction: mean normalised rms displacement", ""),
    "same_atoms": ("reconstruction: share with the very atoms", ""),
    "edge_error_percent": ("reconstruction: mean error of cell edges", "%"),
    "angle_error": ("reconstruction: mean error of cell angles", "degrees"),
}

Floats = NDArray[np.float64]


def reconstruction_figure(evaluation: Evaluation) -> Figure | None:
    """Return errors of cells and atoms of crystals that went through the latent and back.

    Of up to 200 judged crystals, for every run that offers the way back; None if none does.
    """
    order = np.random.default_rng(evaluation.seed).permutation(len(evaluation.samples))
    samples = [evaluation.samples[i] for i in np.sort(order[:_MOST])]
    if not all("crystal" in sample.arrays for sample in samples):
        return None
    found = {run.name: reconstructed(run, samples) for run in evaluation.offering(RECONSTRUCTION)}
    if not found:
        return None
    told = {name: scores(comparison) for name, comparison in found.items()}
    return Figure(
        "reconstruction",
        "Crystals through the latent and back",
        f"Of {len(samples)} crystals, in their canonical form: by how much edges and angles of the "
        "cell that came back are off, and root mean square displacements of atoms over "
        "(volume per atom)^(1/3), of those that pymatgen's StructureMatcher matches (ltol 0.3, "
        "angle_tol 10, stol 0.5). Matching scales volumes: read it beside the errors of the cell. "
        "What lies beyond an end is counted in the last bin.",
        _draw(found),
        "Reconstruction",
        told,
        tuple(_rows(told)),
    )


def scores(comparison: Comparison) -> dict[str, float | None]:
    """Return match rates, displacements and errors of cells of crystals that came back."""
    edges, angles = np.abs(comparison.edges), np.abs(comparison.angles)
    return {
        "crystals": len(comparison.before),
        "decoded": float((~np.isnan(edges[:, 0])).mean()),
        "match_rate": float((~np.isnan(comparison.displacements)).mean()),
        "match_rate_strict": float((~np.isnan(comparison.strict)).mean()),
        "rms": _mean(comparison.displacements),
        "same_atoms": float(comparison.same_atoms.mean()),
        "edge_error_percent": _mean(100 * edges),
        "angle_error": _mean(angles),
        "edge_error_percent_p95": _quantile(100 * edges, 0.95),
        "angle_error_p95": _quantile(angles, 0.95),
    }


def _rows(told: Mapping[str, Mapping[str, float | None]]) -> Iterator[Row]:
    for key, (quantity, unit) in _ROWS.items():
        values = {name: found[key] for name, found in told.items()}
        yield Row(quantity, values, unit, _PUBLISHED.get(key, ""))


def _draw(found: Mapping[str, Comparison]) -> bytes:
    figure = canvas(9, 3)
    first, second, third = figure.subplots(1, 3)
    _histogram(first, {n: 100 * c.edges for n, c in found.items()}, "Edges", "error / %")
    _histogram(second, {n: c.angles for n, c in found.items()}, "Angles", "error / degrees")
    _histogram(third, {n: c.displacements for n, c in found.items()}, "Atoms", "normalised rms")
    first.set_ylabel("share")
    legend(third)
    return png(figure)


def _histogram(axes: Axes, errors: Mapping[str, Floats], title: str, label: str) -> None:
    known = {name: values[~np.isnan(values)] for name, values in errors.items()}
    every = np.concatenate(list(known.values()))
    axes.set(title=title, xlabel=label)
    if not every.size:
        return
    end = max(float(np.percentile(np.abs(every), _REACH)), 1e-6)
    bins = np.linspace(-end if every.min() < 0 else 0.0, end, _BINS + 1)
    for (name, values), style in zip(known.items(), line_styles(len(known), 0), strict=True):
        weights = np.full(len(values), 1 / max(1, len(values)))
        clipped = np.clip(values, bins[0], bins[-1])
        axes.hist(clipped, bins.tolist(), weights=weights, histtype="step", label=name, **style)


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _quantile(values: Floats, level: float) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.quantile(known, level)) if known.size else None
