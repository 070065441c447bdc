"""Statistics of images, frames and ensembles, in numpy alone."""

from xmodkit_saxs_sem.metrics.ensembles import crps, ensemble_interval
from xmodkit_saxs_sem.metrics.lineal_path import lineal_path
from xmodkit_saxs_sem.metrics.morphology import derive_morphology
from xmodkit_saxs_sem.metrics.two_point import two_point

__all__ = ["crps", "derive_morphology", "ensemble_interval", "lineal_path", "two_point"]
