"""The pair's part of a report: the figures and numbers of Stein et al. 2019, and a colour floor."""

from xmodkit_uvvis.report.colour import mean_rgb_baseline
from xmodkit_uvvis.report.figures import uvvis_figures

__all__ = ["mean_rgb_baseline", "uvvis_figures"]
