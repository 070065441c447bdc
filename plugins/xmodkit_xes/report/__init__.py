"""The pair's part of a report: what needs no network, and figures of spectra."""

from xmodkit_xes.report.figures import xes_figures
from xmodkit_xes.report.radial import radial_baselines

__all__ = ["radial_baselines", "xes_figures"]
