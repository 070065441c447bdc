"""What was measured of a sample, as the models predict it: for `xmod calibrate`."""

from __future__ import annotations

from xmodkit.errors import MissingExtraError
from xmodkit.modality import Arrays
from xmodkit.pair import Route, Sample

__all__ = ["measured_truth"]


def measured_truth(sample: Sample, route: Route) -> Arrays:
    """Return a sample's truth on a route, in the models' own resolution.

    Raise `MissingExtraError` without torch, which binarises and resamples as models do.
    """
    try:
        from xmodkit_saxs_sem.models.truths import measured
    except ImportError as error:
        raise MissingExtraError("comparing with measured pairs", "torch", "train") from error
    return measured(sample, route.name)
