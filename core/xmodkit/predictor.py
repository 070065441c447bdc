"""Run a model file: numpy arrays in, a prediction out. No torch and no plugin code here."""

from __future__ import annotations

import copy
import hashlib
from pathlib import Path
from typing import Literal

import numpy as np

from xmodkit.calibration import Calibration, widened
from xmodkit.device import open_session
from xmodkit.errors import DataError, ModelFileError, UsageError
from xmodkit.modality import Array, Arrays, Field
from xmodkit.modelfile import ModelFile, read_model_file
from xmodkit.pair import Predictor, Route
from xmodkit.prediction import Prediction, Value

__all__ = ["BANDS", "Band", "ModelPredictor", "with_band"]

Band = Literal["pointwise", "curve"]
BANDS: tuple[Band, ...] = ("pointwise", "curve")


class ModelPredictor:
    """A loaded model file.

    Every scaling, resize and normalisation is inside the graph, so `run` checks the arrays
    against the declared fields and nothing else.
    """

    def __init__(
        self, model: Path | ModelFile, device: str = "auto", threads: int | None = None
    ) -> None:
        self.file = model if isinstance(model, ModelFile) else read_model_file(model)
        self.metadata = self.file.metadata
        self.band: Band = "pointwise"
        try:
            self.session, self.device = open_session(self.file.data, device, threads)
        except Exception as error:
            if type(error).__module__.startswith("onnxruntime"):
                raise ModelFileError(
                    f"{self.file.path}: ONNX Runtime refuses it ({str(error).splitlines()[0]})"
                ) from error
            raise
        self._outputs = [output.name for output in self.session.get_outputs()]
        self._check_signature()

    @property
    def route(self) -> Route:
        """The direction it predicts."""
        return self.metadata.route

    @property
    def inputs(self) -> tuple[Field, ...]:
        """The fields it takes."""
        return self.metadata.inputs

    @property
    def outputs(self) -> tuple[Field, ...]:
        """The fields it predicts."""
        return self.metadata.outputs

    @property
    def bounded(self) -> tuple[Field, ...]:
        """The fields to which its graph gives bounds."""
        tensors = {field.name: self.route.tensor(field.name) for field in self.outputs}
        return tuple(f for f in self.outputs if f"{tensors[f.name]}_lower" in self._outputs)

    @property
    def calibration(self) -> Calibration:
        """Where its bounds come from, and those of derived scalars."""
        return self.metadata.calibration

    @property
    def identity(self) -> str:
        """A hash that changes whenever its answers may change."""
        if self.band == "pointwise":
            return self.file.identity
        return hashlib.sha256(f"{self.file.identity} {self.band}".encode()).hexdigest()

    def run(self, arrays: Arrays, **inputs: Array) -> Prediction:
        """Predict a batch of named arrays, each with a leading sample axis.

        `inputs` are the route's further inputs, without one; what is left out is the file's
        default. Raise `DataError` if an array does not fit its field.
        """
        feeds = {
            field.name: field.check(_get(arrays, field.name), batched=True) for field in self.inputs
        }
        sizes = {len(feed) for feed in feeds.values()}
        if len(sizes) != 1:
            raise DataError(f"arrays of different batch sizes given: {sorted(sizes)}")
        if sizes == {0}:
            raise DataError("an empty batch given, at least one sample expected")
        feeds.update({name: self._further(inputs, name) for name in self.route.inputs})
        return self.interpret(self.run_raw(feeds))

    def run_raw(self, feeds: Arrays) -> dict[str, Array]:
        """Run the graph on feeds as they are and return its named outputs."""
        values = self.session.run(self._outputs, dict(feeds))
        return dict(zip(self._outputs, values, strict=True))

    def banded(self, band: Band) -> ModelPredictor:
        """Return this predictor with bounds per point, or widened so that whole curves lie inside.

        Raise `UsageError` if the file holds no factor for whole curves.
        """
        if band == "curve" and not self.calibration.curve:
            raise UsageError(
                f"{self.file.path}: says nothing of whole curves; take pointwise bounds, export it "
                "again, or run `xmod calibrate` with measured pairs"
            )
        other = copy.copy(self)
        other.band = band
        return other

    def interpret(self, outputs: Arrays) -> Prediction:
        """Turn the graph's named outputs into a prediction."""
        fields = {
            field.name: Value(
                outputs[tensor := self.route.tensor(field.name)],
                *self._bounds(field.name, outputs),
                field.unit,
                field.axes,
                outputs.get(f"{tensor}_shape"),
            )
            for field in self.outputs
        }
        novel = outputs.get("novel")
        n = len(next(iter(outputs.values())))
        return Prediction(
            fields=fields,
            novelty=outputs.get("novelty"),
            novel=novel,
            latent=outputs.get("latent"),
            bounds_source=self.calibration.sources(
                novel, n, [value.lower for value in fields.values()]
            ),
            device=self.device,
        )

    def _bounds(self, name: str, outputs: Arrays) -> tuple[Array | None, Array | None]:
        tensor = self.route.tensor(name)
        lower, upper = outputs.get(f"{tensor}_lower"), outputs.get(f"{tensor}_upper")
        if self.band == "pointwise" or lower is None or upper is None:
            return lower, upper
        return widened(lower, upper, self.calibration.curve.get(name, 1.0))

    def _check_signature(self) -> None:
        declared = {field.name for field in self.inputs} | set(self.route.inputs)
        given = {entry.name for entry in self.session.get_inputs()}
        missing = {self.route.tensor(f.name) for f in self.outputs} - set(self._outputs)
        if declared != given or missing:
            raise ModelFileError(
                f"{self.file.path}: metadata declare inputs {sorted(declared)} and outputs that "
                f"the graph lacks ({sorted(missing) or 'none'}; its inputs: {sorted(given)}): "
                "export again"
            )

    def _further(self, inputs: Arrays, name: str) -> Array:
        array = _get({**self.metadata.defaults, **inputs}, name)
        field = next((f for f in self.metadata.further if f.name == name), None)
        return array if field is None else field.check(array)

    def warm_up(self) -> None:
        """Run one stored test vector, so that the first real sample is not the slow one."""
        if self.metadata.vectors:
            self.run_raw(self.metadata.vectors[0].inputs)


def with_band(predictor: Predictor, band: Band) -> Predictor:
    """Return a predictor with another band; raise `UsageError` if it has but one."""
    if band == "pointwise":
        return predictor
    if not isinstance(predictor, ModelPredictor):
        raise UsageError(
            f"band {band!r}: {predictor.route.name} is solved by the pair itself, which gives "
            "pointwise bounds alone"
        )
    return predictor.banded(band)


def _get(arrays: Arrays, name: str) -> Array:
    if name not in arrays:
        raise DataError(f"input {name!r} is missing; {', '.join(arrays) or 'nothing'} given")
    return np.asarray(arrays[name], order="C")
