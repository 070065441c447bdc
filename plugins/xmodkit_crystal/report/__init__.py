"""The pair's part of a report: what needs no network, and figures of energies and crystals."""

from xmodkit_crystal.report.baselines import crystal_baselines
from xmodkit_crystal.report.figures import crystal_figures

__all__ = ["crystal_baselines", "crystal_figures"]
