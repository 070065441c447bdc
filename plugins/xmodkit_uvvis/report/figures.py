"""All figures that the pair adds to a report, as far as the judged run has what they show."""

from __future__ import annotations

from collections.abc import Iterator

from xmodkit.evaluation import Evaluation, Figure
from xmodkit_uvvis.report.energies import per_energy
from xmodkit_uvvis.report.gallery import gallery
from xmodkit_uvvis.report.gaps import gap_errors, gap_parity
from xmodkit_uvvis.report.generation import generation_grids
from xmodkit_uvvis.report.latents import latent_maps, reconstructions

__all__ = ["uvvis_figures"]


def uvvis_figures(evaluation: Evaluation) -> Iterator[Figure]:
    """Yield the figures of Stein et al. 2019 for a judged run and the runs it is compared with."""
    if evaluation.route.target == "absorption":
        yield per_energy(evaluation)
        yield gap_errors(evaluation)
        yield gap_parity(evaluation)
        yield gallery(evaluation)
    if (side_by_side := reconstructions(evaluation)) is not None:
        yield side_by_side
    yield from latent_maps(evaluation)
    yield from generation_grids(evaluation)
