"""Run a model file: numpy arrays in, a prediction out. No torch and no plugin code here."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xmodkit.calibration import Calibration
from xmodkit.device import open_session
from xmodkit.errors import DataError, ModelFileError
from xmodkit.modality import Array, Arrays, Field
from xmodkit.modelfile import ModelFile, read_model_file
from xmodkit.pair import Route
from xmodkit.prediction import Prediction, Value

__all__ = ["ModelPredictor"]


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
    def calibration(self) -> Calibration:
        """Where its bounds come from, and those of derived scalars."""
        return self.metadata.calibration

    @property
    def identity(self) -> str:
        """A hash that changes whenever its answers may change."""
        return self.file.identity

    def run(self, arrays: Arrays, **inputs: Array) -> Prediction:
        """Predict a batch of named arrays, each with a leading sample axis.

        Raise `DataError` if an array does not fit its field.
        """
        feeds = {
            field.name: field.check(_get(arrays, field.name), batched=True) for field in self.inputs
        }
        sizes = {len(feed) for feed in feeds.values()}
        if len(sizes) != 1:
            raise DataError(f"arrays of different batch sizes given: {sorted(sizes)}")
        if sizes == {0}:
            raise DataError("an empty batch given, at least one sample expected")
        feeds.update({name: _get(inputs, name) for name in self.route.inputs})
        return self.interpret(self.run_raw(feeds))

    def run_raw(self, feeds: Arrays) -> dict[str, Array]:
        """Run the graph on feeds as they are and return its named outputs."""
        values = self.session.run(self._outputs, dict(feeds))
        return dict(zip(self._outputs, values, strict=True))

    def interpret(self, outputs: Arrays) -> Prediction:
        """Turn the graph's named outputs into a prediction."""
        fields = {
            field.name: Value(
                outputs[field.name],
                outputs.get(f"{field.name}_lower"),
                outputs.get(f"{field.name}_upper"),
                field.unit,
                field.axes,
                outputs.get(f"{field.name}_shape"),
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
            bounds_source=self.calibration.sources(novel, n),
            device=self.device,
        )

    def _check_signature(self) -> None:
        declared = {field.name for field in self.inputs} | set(self.route.inputs)
        given = {entry.name for entry in self.session.get_inputs()}
        missing = {field.name for field in self.outputs} - set(self._outputs)
        if declared != given or missing:
            raise ModelFileError(
                f"{self.file.path}: metadata declare inputs {sorted(declared)} and outputs that "
                f"the graph lacks ({sorted(missing) or 'none'}; its inputs: {sorted(given)}): "
                "export again"
            )

    def warm_up(self) -> None:
        """Run one stored test vector, so that the first real sample is not the slow one."""
        if self.metadata.vectors:
            self.run_raw(self.metadata.vectors[0].inputs)


def _get(arrays: Arrays, name: str) -> Array:
    if name not in arrays:
        raise DataError(f"input {name!r} is missing; {', '.join(arrays) or 'nothing'} given")
    return np.ascontiguousarray(arrays[name])
