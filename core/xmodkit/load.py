"""Load a predictor for embedding: `predict = xmodkit.load("uvvis"); p = predict(image)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xmodkit import plugins
from xmodkit.batching import Batcher
from xmodkit.complete import complete_prediction
from xmodkit.errors import DataError, PluginError, UsageError
from xmodkit.modality import Array, Arrays, Field
from xmodkit.modelfile import is_model_file
from xmodkit.pair import ModalityPair, Options, Predictor, Route
from xmodkit.prediction import Prediction

if TYPE_CHECKING:
    from xmodkit.predictor import Band

__all__ = ["LoadedPredictor", "load"]


def load(
    name: str | Path,
    *,
    route: str | None = None,
    device: str = "auto",
    band: Band = "pointwise",
    **options: Any,
) -> LoadedPredictor:
    """Load a plugin's shipped model by the plugin's name, or a model file by its path.

    `band` says what lies within bounds with their stated coverage: a point, or a whole curve.
    `options` are the pair's own (which condition's model, how large an ensemble). A route that the
    pair solves may rest on the model file of another. Derived values need the plugin that a model
    file names; without it the fields are predicted all the same. Raise `PluginError`,
    `ModelFileError` or `DeviceError`, or `UsageError` for an unknown route or band.
    """
    from xmodkit.predictor import BANDS, ModelPredictor

    if band not in BANDS:
        raise UsageError(f"band {band!r} given, one of {', '.join(BANDS)} expected")
    path = Path(name)
    if is_model_file(path):
        model = ModelPredictor(path, device=device)
        own = _pair_if_installed(model.metadata.plugin)
        if route is None or route.replace("->", ":") == model.route.name:
            return _loaded(model, band, own, options)
        if own is not None and (direction := _fit(own, route)) is not None:
            solver = own.predictor(direction, path, device, options)
            return _loaded(solver, band, own, options)
        raise UsageError(f"route {route!r}: {path} predicts {model.route.name}; leave it out")
    pair = plugins.pair(str(name))
    predictor = pair.predictor(pair.route(route), None, device, options)
    return _loaded(predictor, band, pair, options)


def _loaded(
    predictor: Predictor, band: Band, pair: ModalityPair | None, options: Options
) -> LoadedPredictor:
    from xmodkit.predictor import with_band

    inputs: Arrays = {}
    if pair is not None:
        pair = pair.configured(options, predictor)
        inputs = pair.inputs(predictor.route, options)
    return LoadedPredictor(with_band(predictor, band), pair, inputs)


class LoadedPredictor:
    """Arrays in, prediction out, with derived values where the pair is installed.

    `predict(array)` takes one sample or a batch (one more axis, or a list of samples of any
    shapes); a pair of several input fields takes a mapping of them, and pairs may take objects of
    other libraries (`ModalityPair.row_of`). `inputs` are the route's
    further ones, which a call may replace. Not for several threads at once: give each its own.
    """

    def __init__(
        self,
        predictor: Predictor,
        pair: ModalityPair | None = None,
        inputs: Arrays | None = None,
    ) -> None:
        self.predictor = predictor
        self.pair = pair
        self.inputs = inputs or {}

    @property
    def device(self) -> str:
        """The device that really runs it."""
        return self.predictor.device

    def __call__(self, data: Any, **inputs: Array) -> Prediction:
        """Predict one sample or a batch; raise `DataError` for arrays that do not fit."""
        size = self.pair.batch_size if self.pair else ModalityPair.batch_size
        batcher = Batcher(self.predictor, size, {**self.inputs, **inputs})
        if isinstance(data, list | tuple):
            if not data:
                raise DataError("an empty list given, at least one sample expected")
            return self._complete(batcher.run([self._one(sample) for sample in data]))
        arrays = self._name(data)
        if self._is_batch(arrays):
            return self._complete(batcher.run_batch(arrays))
        return self._complete(
            batcher.run_batch({name: array[None] for name, array in arrays.items()})
        )[0]

    def _one(self, sample: Any) -> Arrays:
        arrays = self._name(sample)
        return {f.name: f.check(np.asarray(arrays[f.name])) for f in self.predictor.inputs}

    def _name(self, data: Any) -> Arrays:
        fields = self.predictor.inputs
        if self.pair is not None and not isinstance(data, Mapping | np.ndarray):
            data = self.pair.row_of(data, self.predictor.route) or data
        if isinstance(data, Mapping):
            if missing := [f.name for f in fields if f.name not in data]:
                raise DataError(f"{', '.join(missing)} missing; {', '.join(data)} given")
            return {f.name: np.asarray(data[f.name]) for f in fields}
        if len(fields) != 1:
            expected = ", ".join(f.name for f in fields)
            raise DataError(f"one array given, a mapping of {expected} expected")
        return {fields[0].name: np.asarray(data)}

    def _is_batch(self, arrays: Arrays) -> bool:
        field: Field = self.predictor.inputs[0]
        ndim = np.ndim(arrays[field.name])
        if ndim not in (len(field.axes), len(field.axes) + 1):
            raise DataError(
                f"{field.name}: {ndim} axes given, {field.describe_axes()} expected, or one more "
                "for a batch"
            )
        return ndim == len(field.axes) + 1

    def _complete(self, prediction: Prediction) -> Prediction:
        prediction = replace(prediction, device=self.predictor.device)
        if self.pair is None:
            return prediction
        return complete_prediction(self.pair, self.predictor.route, self.predictor, prediction)


def _fit(pair: ModalityPair, route: str) -> Route | None:
    """Return the route of that name if the pair solves it by a fit."""
    written = route.replace("->", ":")
    return next((r for r in pair.routes if r.name == written and r.kind == "fit"), None)


def _pair_if_installed(name: str) -> ModalityPair | None:
    try:
        return plugins.pair(name)
    except PluginError:
        return None
