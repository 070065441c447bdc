"""What `xmod study` is offered by this pair."""

from __future__ import annotations

from xmodkit.studies import PairStudy, Progress, StudyRequest, StudyResult
from xmodkit_xes.study.options import OPTIONS

__all__ = ["COMPONENTS"]


def _run(request: StudyRequest, progress: Progress) -> StudyResult:
    from xmodkit_xes.study.run import run

    return run(request, progress)


COMPONENTS = PairStudy(
    "Compare how much of a spectrum k components of the structure explain: EDNN, NNCA, ECA, PLS "
    "and PCA.",
    "xmod study components --plugin xes samples.zarr --k 1,2,3,4 --out study/",
    _run,
    OPTIONS,
)
