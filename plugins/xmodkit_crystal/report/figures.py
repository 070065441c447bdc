"""All figures that the pair adds to a report, as far as the judged run has what they show."""

from __future__ import annotations

from collections.abc import Iterator

from xmodkit.evaluation import Evaluation, Figure
from xmodkit_crystal.report.energy import energy_parity
from xmodkit_crystal.report.latents import latent_map
from xmodkit_crystal.report.reconstruction import reconstruction_figure
from xmodkit_crystal.report.stability import stability_figure

__all__ = ["crystal_figures"]


def crystal_figures(evaluation: Evaluation) -> Iterator[Figure]:
    """Yield crystals that came back, energies, stability, and a map of the latent space."""
    for figure in (
        reconstruction_figure(evaluation),
        energy_parity(evaluation),
        stability_figure(evaluation),
        latent_map(evaluation),
    ):
        if figure is not None:
            yield figure
