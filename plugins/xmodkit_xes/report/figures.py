"""All figures that the pair adds to a report."""

from __future__ import annotations

from collections.abc import Iterator

from xmodkit.evaluation import Evaluation, Figure
from xmodkit_xes.report.energies import per_energy
from xmodkit_xes.report.gallery import gallery
from xmodkit_xes.report.moments import moment_parity

__all__ = ["xes_figures"]


def xes_figures(evaluation: Evaluation) -> Iterator[Figure]:
    """Yield error along the energy, spectra from best to worst, and moments of windows."""
    if evaluation.route.source != "structure":
        return
    yield per_energy(evaluation)
    yield gallery(evaluation)
    if (parity := moment_parity(evaluation)) is not None:
        yield parity
