"""A decoder as the way back takes it: latent scores in, a curve out, and what is known of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from xmodkit.errors import ModelFileError
from xmodkit.predictor import ModelPredictor
from xmodkit_xes.inverse.distortion import Floats
from xmodkit_xes.inverse.ensemble import Ensemble
from xmodkit_xes.inverse.features import Features
from xmodkit_xes.inverse.problem import Problem, Unknowns

__all__ = ["Decode", "Decoder"]

Decode = Callable[[Floats], Floats]

# Of the curves' height: the error of a decoder whose details name none.
_ERROR = 1e-2


@dataclass(frozen=True)
class Decoder:
    """A decoder, scores (N, k) to curves (N, E) on `energies` (E,), and its details.

    `details` are those of a model file of the route latent:<spectrum>: `features`,
    `feature_mean`, `feature_scale`, `basis` (k, n), `latent_mean`, `latent_covariance`,
    `residual` (sd per channel) and `fit`, what `calibrate_fit` returned.
    """

    decode: Decode
    energies: Floats
    details: Mapping[str, Any]

    @classmethod
    def of_file(cls, predictor: ModelPredictor) -> Decoder:
        """Return the decoder in a model file.

        Raise `ModelFileError` unless it takes scores and returns a curve on known energies.
        """
        (source,), (target,) = predictor.inputs[:1], predictor.outputs[:1]
        coordinates = target.axes[0].coordinates
        if source.name != "latent" or len(predictor.inputs) > 1 or coordinates is None:
            raise ModelFileError(
                f"{predictor.file.path}: a file of route {predictor.route.name} given, a decoder "
                "(latent:xes, latent:xas) on known energies expected; train one with "
                "`xmod train --route latent:xes`"
            )

        def decode(latent: Floats) -> Floats:
            feeds = {source.name: np.ascontiguousarray(latent, dtype=np.float32)}
            return np.asarray(predictor.run_raw(feeds)[target.name], dtype=np.float64)

        return cls(decode, np.array(coordinates), predictor.metadata.details)

    @property
    def features(self) -> Features:
        """The features that the scores are of."""
        return Features.of_details(self.details)

    def single(self) -> Unknowns:
        """Return the unknowns of one structure: its scores, whose prior is the training set's."""
        features = self.features
        k = len(features.basis)
        mean = np.array(self.details.get("latent_mean", np.zeros(k)), float)
        covariance = np.array(self.details.get("latent_covariance", np.eye(k)), float)
        if mean.shape != (k,) or covariance.shape != (k, k):
            raise ModelFileError(
                f"decoder: a prior of shapes {mean.shape} and {covariance.shape} given, ({k},) "
                f"and ({k}, {k}) expected: export it again"
            )
        return Unknowns(
            lambda latent: self.decode(features.fold(latent)),
            mean,
            covariance,
            lambda latent: features.parameters(features.of_latent(latent)),
            features.fold,
        )

    def problem(self, fixed: Set[str] = frozenset(), ensemble: bool = False) -> Problem:
        """Return what is fitted: one structure, or mean and spread of an ensemble."""
        single = self.single()
        known = self.details.get("fit", {})
        curve = self.decode(single.mean[None])[0]
        error = known.get("error") or self.details.get("residual")
        if error is None:
            error = np.full(len(curve), _ERROR * np.abs(curve).max())
        shapes = np.array(known.get("shapes", [])).reshape(-1, len(curve))
        unknowns = Ensemble(single).unknowns if ensemble else single
        return Problem(unknowns, self.energies, np.array(error, float), shapes, fixed)
