"""The predictor of the routes xes:structure and xas:structure: a fit over a decoder's file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit.modality import Array, Arrays, Field
from xmodkit.modelfile import ModelFile
from xmodkit.pair import Route
from xmodkit.prediction import Derived, Prediction, Value
from xmodkit.predictor import ModelPredictor
from xmodkit_xes.inverse.bounds import Factors, feature_estimate
from xmodkit_xes.inverse.decoder import Decoder
from xmodkit_xes.inverse.encode import weight_field
from xmodkit_xes.inverse.ensemble import Ensemble
from xmodkit_xes.inverse.fit import Estimate, Fit, Fitter
from xmodkit_xes.inverse.outputs import derived_fields, output_fields
from xmodkit_xes.inverse.problem import fixed_of

__all__ = ["InversePredictor"]

_WATER = np.array([8, 1, 1], np.int32)
_NO_BOUNDS = "none"


class InversePredictor:
    """Fits latent scores to measured curves through a decoder's model file.

    `fix` names nuisances that are known (`shift,scale,broadening,background`); with `ensemble`
    the curve is the mean over a normal distribution of scores, whose mean and spread are fitted.
    Bounds come from `details["fit"]`, which is for single structures: else they are NaN.
    """

    def __init__(
        self,
        model: Path | ModelFile,
        device: str = "auto",
        fix: str | None = None,
        ensemble: bool = False,
    ) -> None:
        self.file = ModelPredictor(model, device)
        self.decoder = Decoder.of_file(self.file)
        self.features = self.decoder.features
        self.ensemble = Ensemble(self.decoder.single()) if ensemble else None
        self._fix = fixed_of(fix)
        self.fitter = Fitter(self.decoder.problem(self._fix, ensemble))
        self._known: Mapping[str, Any] = self.decoder.details.get("fit", {})

    @property
    def route(self) -> Route:
        """From the decoder's spectrum back to a structure."""
        return Route(self._curve.name, "structure", kind="fit")

    @property
    def inputs(self) -> tuple[Field, ...]:
        """The curve on the decoder's energies, and its weights: what `encode_curve` returns."""
        return self._curve, weight_field(self._curve)

    @cached_property
    def outputs(self) -> tuple[Field, ...]:
        """The fields of its predictions."""
        return output_fields(self._curve, self.features, self.ensemble is not None)

    @property
    def device(self) -> str:
        """The device that runs the decoder."""
        return self.file.device

    @property
    def identity(self) -> str:
        """A hash of the decoder's file and of what is fitted."""
        settings = f"{self.file.identity} {sorted(self._fix)} {self.ensemble is not None}"
        return hashlib.sha256(settings.encode()).hexdigest()

    def run(self, arrays: Arrays, **inputs: Array) -> Prediction:
        """Fit a batch of curves (N, E) with weights (N, E).

        Raise `DataError` if an array does not fit its field or a curve is nowhere known.
        """
        if missing := {field.name for field in self.inputs} - set(arrays):
            raise DataError(f"input {', '.join(sorted(missing))} is missing; `encode` gives both")
        curve, weight = (
            field.check(np.asarray(arrays[field.name]), batched=True).astype(float)
            for field in self.inputs
        )
        height = np.abs(np.where(weight > 0, curve, 0)).max(axis=1, initial=0)
        if not len(curve) or (height <= 0).any():
            raise DataError(f"{self._curve.name}: a curve without any weight above 0 given")
        fit = self.fitter.fit(curve, weight / height[:, None] ** 2)
        novel = fit.misfit > self._known.get("misfit", np.inf)
        trusted = ~novel & (bool(self._known) and self.ensemble is None)
        source = np.where(trusted, self._known.get("source", _NO_BOUNDS), _NO_BOUNDS)
        return Prediction(
            fields=self._fields(fit, trusted),
            derived=self._derived(fit, trusted),
            novelty=fit.misfit.astype(np.float32),
            novel=novel,
            latent=fit.unknowns[:, : len(self.features.basis)].astype(np.float32),
            bounds_source=source.astype("U9"),
            device=self.device,
        )

    @property
    def _curve(self) -> Field:
        return self.file.outputs[0]

    def _fields(self, fit: Fit, trusted: NDArray[np.bool_]) -> dict[str, Value]:
        k = len(self.features.basis)
        minima, found = fit.minima[..., :k], feature_estimate(self.features, fit)
        scores = [fit.scalars[f"latent {i}"] for i in range(k)]
        columns = [Estimate(*c) for c in zip(found.value.T, found.sd.T, found.ratio.T, strict=True)]
        known = self._known.get("features", [None] * len(columns))
        values = {
            "latent": _bounded(scores, [self._factors(f"latent {i}") for i in range(k)], trusted),
            "latent_covariance": Value(fit.covariance[:, :k, :k]),
            "features": _bounded(columns, [Factors.of_json(factors) for factors in known], trusted),
            "feature_ratio": Value(found.ratio),
            "fitted": Value(fit.fitted),
            "minimum_latent": Value(minima),
            "minimum_features": Value(self.features.of_latent(minima)),
            "minimum_weight": Value(fit.weight),
            "minimum_misfit": Value(fit.misfits),
        }
        if self.ensemble is not None:
            values["latent_spread"] = Value(self.ensemble.covariance(fit.unknowns))
        if (positions := self.features.positions(found.value)) is not None:
            values["numbers"] = Value(np.tile(_WATER, (len(positions), 1)))
            values["positions"] = Value(positions)
        return {field.name: _as_field(values[field.name], field) for field in self.outputs}

    def _derived(self, fit: Fit, trusted: NDArray[np.bool_]) -> dict[str, Derived]:
        nothing = np.zeros(len(trusted))
        unknown = Estimate(nothing, nothing, np.full(len(trusted), np.inf))
        found = {**fit.scalars, "misfit": Estimate(fit.misfit, nothing, nothing)}
        return {
            field.name: self._factors(field.name).derived(
                found.get(field.name, unknown),
                trusted & (field.name != "misfit"),
                field.unit,
                -np.inf if field.name == "shift" else 0.0,
            )
            for field in derived_fields(self.ensemble is not None)
        }

    def _factors(self, name: str) -> Factors:
        """Return how bounds of a scalar are scaled."""
        return Factors.of_json(self._known.get("scalars", {}).get(name))


def _bounded(
    columns: Sequence[Estimate], factors: Sequence[Factors], trusted: NDArray[np.bool_]
) -> Value:
    """Return values (N, n) from their columns, with bounds, NaN where they are not trusted."""
    value = np.stack([column.value for column in columns], axis=1)
    ends = [each.interval(column) for column, each in zip(columns, factors, strict=True)]
    lower, upper = (np.where(trusted, end, np.nan).T for end in np.stack(ends, axis=1))
    return Value(value, lower, upper)


def _as_field(value: Value, field: Field) -> Value:
    """Return a value in its field's dtype, with its unit and axes."""
    lower, upper = (
        None if end is None else end.astype(field.dtype) for end in (value.lower, value.upper)
    )
    return Value(value.value.astype(field.dtype), lower, upper, field.unit, field.axes)
