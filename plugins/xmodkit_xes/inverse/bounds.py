"""From posterior to bounds that cover: factors fitted on calibration rows, applied to a fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.prediction import Derived
from xmodkit_xes.inverse.distortion import Floats
from xmodkit_xes.inverse.features import Features
from xmodkit_xes.inverse.fit import FIXED, Estimate, Fit

__all__ = ["COVERAGE", "Factors", "feature_estimate", "fitted_factors"]

COVERAGE = 0.9
# The half-width of a 90 % interval of a normal distribution, in standard deviations.
_NORMAL = 1.6449
# A parameter that fewer calibration rows fix is one that such curves do not fix.
_FEWEST, _LEAST_SHARE = 30, 0.1


@dataclass(frozen=True)
class Factors:
    """How bounds of a scalar follow from its posterior standard deviation.

    `widening` makes the sd of every curve honest. `half_width` times the sd is the half-width of
    the bounds where the curve fixes the scalar; None where too few of the calibration rows do:
    then no curve of the decoder fixes it. What a curve fixes is judged by the larger of the two.
    """

    widening: float = 1.0
    half_width: float | None = _NORMAL

    @classmethod
    def of_json(cls, values: Mapping[str, Any] | None) -> Factors:
        """Return the factors that calibration found; a normal posterior's where there was none."""
        return cls() if values is None else cls(values["widening"], values["half_width"])

    def fixed(self, found: Estimate) -> NDArray[np.bool_]:
        """Return which curves fix a scalar: half of what was known before or narrower."""
        if self.half_width is None:
            return np.zeros(len(found.ratio), bool)
        return _narrow(found, max(self.widening, self.half_width / _NORMAL))

    def interval(self, found: Estimate) -> tuple[Floats, Floats]:
        """Return 90 % bounds whether a curve fixes the scalar or not: wide where it does not."""
        half = self.widening * _NORMAL * found.sd
        return found.value - half, found.value + half

    def derived(
        self, found: Estimate, trusted: NDArray[np.bool_], unit: str, least: float
    ) -> Derived:
        """Return a scalar with its status; NaN where the curve does not fix it.

        Bounds are NaN where they are not `trusted`; none lies below `least`.
        """
        fixed = self.fixed(found)
        half = np.where(fixed & trusted, (self.half_width or np.nan) * found.sd, np.nan)
        value = np.where(fixed, found.value, np.nan)
        return Derived(
            value.astype(np.float32),
            np.maximum(value - half, least).astype(np.float32),
            (value + half).astype(np.float32),
            unit,
            np.where(fixed, "value", "none"),
        )


def fitted_factors(found: Estimate, truth: Floats) -> dict[str, float | None]:
    """Return `Factors` as JSON: split-conformal quantiles of |error| / sd on calibration rows.

    Curves that seem to fix a scalar may be those whose sd is overconfident. So the quantile of
    these alone decides anew which they are, until bounds made with it are as narrow as is asked
    of a fixed scalar, or too few curves are left.
    """
    error = np.abs(found.value - truth)
    # a constant feature has no spread and no error but rounding
    score = np.divide(error, found.sd, out=np.zeros_like(error), where=found.sd > 0)
    judging = widening = max(_quantile(score) / _NORMAL, 1.0)
    while (fixed := _narrow(found, judging)).sum() >= max(_FEWEST, _LEAST_SHARE * len(truth)):
        half_width = _quantile(score[fixed])
        if half_width / _NORMAL <= judging:
            return {"widening": widening, "half_width": half_width}
        judging = half_width / _NORMAL
    return {"widening": widening, "half_width": None}


def feature_estimate(features: Features, fit: Fit) -> Estimate:
    """Return what a fit of scores says of every feature, (N, n).

    What the basis leaves out of a feature keeps the variance that it has in the training set.
    """
    k = len(features.basis)
    along = np.einsum("kj,nkl,lj->nj", features.basis, fit.covariance[:, :k, :k], features.basis)
    outside = np.maximum(1 - (features.basis**2).sum(axis=0), 0)
    ratio = np.sqrt(np.maximum(along, 0) + outside)
    return Estimate(features.of_latent(fit.unknowns[:, :k]), features.scale * ratio, ratio)


def _narrow(found: Estimate, factor: float) -> NDArray[np.bool_]:
    """Return where a posterior, its sd times a factor, is at most half as wide as the prior."""
    return np.asarray(~(found.ratio * factor > FIXED))


def _quantile(score: Floats) -> float:
    """Return the split-conformal quantile: with n rows, the ceil((n + 1) * coverage)-th."""
    place = min(int(np.ceil((len(score) + 1) * COVERAGE)), len(score)) - 1
    return float(np.sort(score)[place])
