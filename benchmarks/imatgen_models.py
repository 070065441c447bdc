"""What `imatgen.py` asks of a model: latents of crystals, and crystals of latents.

A model in training, a finished run and exported files are asked alike, as predictors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xmodkit.calibration import Calibration
from xmodkit.modality import Array, Arrays, Axis, Field, stacked
from xmodkit.model import Model
from xmodkit.pair import Predictor, Route
from xmodkit.prediction import Prediction, Value
from xmodkit.predictor import ModelPredictor
from xmodkit.train.run import Run
from xmodkit_crystal.encode import encode_crystal
from xmodkit_crystal.modalities import LATENT, VOXELS
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.structure import Crystal

__all__ = [
    "PAIR",
    "Coder",
    "Unchanged",
    "batches",
    "of_files",
    "of_model",
    "of_run",
]

PAIR = CrystalPair()
_LONGEST_A = 13.5  # that any of the models takes: who gives it longer ones, asks for it
_BATCH = 8
_EXAMPLE = Crystal(np.array([23, 8]), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]), np.eye(3) * 3.0)


@dataclass(frozen=True)
class Coder:
    """Predictors of one model; `whole` goes from crystal to crystal where there is one for it."""

    encoder: Predictor
    decoder: Predictor
    whole: Predictor | None = None

    def told(self, crystals: Sequence[Crystal]) -> Iterator[Prediction]:
        """Yield what the encoder says of crystals, a batch at a time: latents and energies."""
        for images in batches(crystals):
            yield self.encoder.run(images)

    def latents(self, crystals: Sequence[Crystal]) -> NDArray[np.float64]:
        """Return the latents (n, size) of crystals."""
        parts = [told.fields["latent"].value for told in self.told(crystals)]
        return np.concatenate(parts).astype(float)

    def rebuilt(self, crystals: Sequence[Crystal]) -> Iterator[dict[str, Array]]:
        """Yield the images (fields of VOXELS) that crystals come back as, a batch at a time."""
        for images in batches(crystals):
            if self.whole is not None:
                told = self.whole.run(images)
            else:  # decoders blank what is hazy: in files that is the only way
                told = self.decoder.run({"latent": self.encoder.run(images).fields["latent"].value})
            yield {field.name: told.fields[field.name].value for field in VOXELS.fields}


class Unchanged(Coder):
    """No network: images come back as they went in. What an inverse alone loses."""

    def __init__(self) -> None:
        super().__init__(None, None)  # type: ignore[arg-type]

    def rebuilt(self, crystals: Sequence[Crystal]) -> Iterator[dict[str, Array]]:
        """Yield the images of crystals, a batch at a time."""
        yield from map(dict, batches(crystals))


def batches(crystals: Sequence[Crystal]) -> Iterator[Arrays]:
    """Yield the voxel images of crystals."""
    for start in range(0, len(crystals), _BATCH):
        yield stacked([encode_crystal(one, _LONGEST_A) for one in crystals[start : start + _BATCH]])


@dataclass(frozen=True)
class _GraphPredictor:
    """A model's graph of a route, as a pair sees a model file."""

    route: Route
    graph: torch.nn.Module
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    metadata: Any
    calibration: Calibration | None = None
    device: str = "cpu"
    identity: str = ""

    def run(self, arrays: Arrays, **_: Array) -> Prediction:
        """Predict a batch."""
        given = [torch.from_numpy(np.asarray(arrays[field.name])) for field in self.inputs]
        with torch.no_grad():
            found = self.graph(*given)
        named = {name: value.numpy() for name, value in found.items()}
        fields = {field.name: self._value(field.name, named) for field in self.outputs}
        novel = named.get("novel", np.zeros(len(given[0]), bool))
        return Prediction(fields, novelty=named.get("novelty"), novel=novel)

    def _value(self, name: str, named: Arrays) -> Value:
        tensor = self.route.tensor(name)
        tensor = tensor if tensor in named else name  # only exported graphs rename their outputs
        return Value(named[tensor], named.get(f"{tensor}_lower"), named.get(f"{tensor}_upper"))


def _coder(encoder: Predictor, decoder: Predictor, whole: Predictor | None = None) -> Coder:
    return Coder(encoder, decoder, whole)


def of_model(model: Model) -> Coder:
    """Return the coder of a model as it was trained: without bounds, nothing novel."""
    size = _latent_size(model)
    return _coder(*(_predictor(model, name, model.graph(name), size) for name in _ROUTES))


def of_run(folder: Path) -> Coder:
    """Return the coder of a finished run, with its bounds."""
    run = Run.load(folder, PAIR)
    size = _latent_size(run.model)
    found = []
    for name in _ROUTES:
        judged = run.judged(PAIR.route(name))
        raw = _predictor(run.model, name, _Named(run.graph(judged.route)), size)
        metadata = SimpleNamespace(details=judged.details, vectors=())
        found.append(replace(raw, metadata=metadata, calibration=judged.calibration))
    return _coder(*found)


def of_files(folder: Path) -> Coder:
    """Return the coder of exported files."""
    whole = folder / "crystal-crystal.onnx"
    return _coder(
        ModelPredictor(folder / "crystal-latent.onnx"),
        ModelPredictor(folder / "latent-crystal.onnx"),
        ModelPredictor(whole) if whole.exists() else None,
    )


_ROUTES = ("crystal:latent", "latent:crystal", "crystal:crystal")


class _Named(torch.nn.Module):
    """A calibrated graph that names what it returns, as raw ones do."""

    def __init__(self, graph: Any) -> None:
        super().__init__()
        self.inner = graph

    def forward(self, *inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.inner.named(*inputs)


def _predictor(model: Model, name: str, graph: torch.nn.Module, size: int) -> _GraphPredictor:
    route = PAIR.route(name)
    fields = PAIR.encoded(route) if route.source == "crystal" else (_closed(size),)
    metadata = SimpleNamespace(details=dict(model.details(name, [])), vectors=())
    outputs = model.outputs(name, PAIR.modality(route.target).fields)
    return _GraphPredictor(route, graph.eval(), fields, outputs, metadata)


def _closed(size: int) -> Field:
    (field,) = LATENT.fields
    return replace(field, axes=(Axis(field.axes[0].name, size),))


def _latent_size(model: Model) -> int:
    images = next(batches([_EXAMPLE]))
    with torch.no_grad():
        found = model.graph("crystal:latent")(*(torch.from_numpy(a) for a in images.values()))
    return int(found["latent"].shape[1])
