"""All figures that the pair adds to a report."""

from __future__ import annotations

from collections.abc import Iterator

from xmodkit.evaluation import Evaluation, Figure
from xmodkit_saxs_sem.report.correlations import correlations
from xmodkit_saxs_sem.report.coverage import coverage
from xmodkit_saxs_sem.report.derived import derived_parity
from xmodkit_saxs_sem.report.frames import frame_errors, frame_gallery
from xmodkit_saxs_sem.report.images import image_gallery

__all__ = ["saxs_sem_figures"]


def saxs_sem_figures(evaluation: Evaluation) -> Iterator[Figure]:
    """Yield pictures from best to worst, S(r) and its bounds, errors over q, and scalars."""
    truth = evaluation.truth
    if "two_point" in truth:
        yield correlations(evaluation)
        yield coverage(evaluation)
    if "micrograph" in truth:
        yield image_gallery(evaluation)
    if "log_intensity" in truth:
        yield frame_gallery(evaluation)
        yield frame_errors(evaluation)
    if (parity := derived_parity(evaluation)) is not None:
        yield parity
