"""The pair's part of a report: what needs no network, and figures of images and frames."""

from xmodkit_saxs_sem.report.baselines import saxs_sem_baselines
from xmodkit_saxs_sem.report.figures import saxs_sem_figures

__all__ = ["saxs_sem_baselines", "saxs_sem_figures"]
