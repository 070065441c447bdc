"""A finished run on disk: settings, weights, calibration, metrics and test vectors."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file, save

from xmodkit.calibration import Calibration
from xmodkit.errors import InputError, UsageError
from xmodkit.modality import Array, Arrays, Field, Modality
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route
from xmodkit.replacing import replacing
from xmodkit.train.folder import ROUTES
from xmodkit.train.graph import CalibratedGraph
from xmodkit.train.trained import set_up_for

__all__ = ["Judged", "Run", "save_weights"]


@dataclass(frozen=True)
class Judged:
    """What rows never trained on said of one route: bounds, calibration, scores, test vectors.

    `details` are the model's for the pair's solver.
    """

    route: Route
    quantiles: Mapping[str, tuple[Array, Array]]
    calibration: Calibration
    metrics: Mapping[str, Any]
    vectors: Sequence[Arrays]
    details: Mapping[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write it as five files into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            f"{name}/{end}": q
            for name, pair in self.quantiles.items()
            for end, q in zip(("lower", "upper"), pair, strict=True)
        }
        np.savez(folder / "quantiles.npz", allow_pickle=False, **arrays)
        vectors = {
            f"{i}/{name}": array
            for i, row in enumerate(self.vectors)
            for name, array in row.items()
        }
        np.savez(folder / "vectors.npz", allow_pickle=False, **vectors)
        _write_json(folder / "calibration.json", self.calibration.to_json())
        _write_json(folder / "metrics.json", self.metrics)
        _write_json(folder / "details.json", self.details)

    @classmethod
    def load(cls, folder: Path, route: Route) -> Judged:
        """Read what `save` wrote."""
        details = folder / "details.json"  # earlier versions wrote none
        quantiles, vectors = _nested(folder / "quantiles.npz"), _nested(folder / "vectors.npz")
        return cls(
            route,
            {name: (q["lower"], q["upper"]) for name, q in quantiles.items()},
            Calibration.from_json(json.loads((folder / "calibration.json").read_text())),
            json.loads((folder / "metrics.json").read_text()),
            [vectors[key] for key in sorted(vectors)],
            json.loads(details.read_text()) if details.exists() else {},
        )


@dataclass(frozen=True)
class Run:
    """A finished run in its folder: settings, weights, and each route as it was judged.

    The first route is the one the model was trained for; `route`, `quantiles`, `calibration`,
    `metrics` and `vectors` speak of it.
    """

    folder: Path
    settings: Mapping[str, Any]
    pair: ModalityPair
    model: Model
    routes: Mapping[str, Judged]

    @property
    def first(self) -> Judged:
        """The route the model was trained for, as it was judged."""
        return next(iter(self.routes.values()))

    @property
    def route(self) -> Route:
        """The route the model was trained for."""
        return self.first.route

    @property
    def quantiles(self) -> Mapping[str, tuple[Array, Array]]:
        """The first route's factors of each field's scale."""
        return self.first.quantiles

    @property
    def calibration(self) -> Calibration:
        """The first route's calibration."""
        return self.first.calibration

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The first route's scores on test rows."""
        return self.first.metrics

    @property
    def vectors(self) -> Sequence[Arrays]:
        """The first route's test vectors."""
        return self.first.vectors

    def judged(self, route: Route | None = None) -> Judged:
        """Return a route as it was judged, the first if None; `UsageError` if it is not offered."""
        if route is None:
            return self.first
        if route.name not in self.routes:
            raise UsageError(
                f"route {route.name}: {self.folder} holds a {self.settings['model']} run, which "
                f"offers {', '.join(self.routes)}"
            )
        return self.routes[route.name]

    def inputs(self, route: Route) -> tuple[Field, ...]:
        """Return the fields that a route's graph takes, with the extents that training gave them.

        A latent comes from the model, which fixes its extent.
        """
        fields = self._closed(self.pair.encoded(route))
        first = self.judged(route).vectors[0]
        if route.source == "latent":
            return tuple(_fixed(field, first[field.name]) for field in fields)
        return fields

    def outputs(self, route: Route) -> tuple[Field, ...]:
        """Return the fields that a route's graph predicts, with the extents it gives them."""
        fields = self._closed(self.pair.modality(route.target).fields)
        return self.model.outputs(route.name, fields)

    def _closed(self, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """Return fields whose open axes have the coordinates of the training samples."""
        return Modality("closed", fields).at(self.settings.get("coordinates", {})).fields

    def graph(self, route: Route | None = None) -> CalibratedGraph:
        """Return the calibrated graph of a route, the first if None, ready to export.

        Raise `UsageError` if the model does not offer it.
        """
        judged = self.judged(route)
        fields = [field.name for field in self.outputs(judged.route)]
        raw = self.model.graph(judged.route.name)
        threshold = judged.calibration.novelty_threshold
        return CalibratedGraph(raw, judged.route, fields, judged.quantiles, threshold).eval()

    def save(self) -> None:
        """Write everything but the loss table into the folder; settings last, as the seal."""
        save_weights(self.model, self.folder)
        for name, judged in self.routes.items():
            judged.save(_place(self.folder, self.model, name))
        _write_json(self.folder / "run.json", self.settings)

    @classmethod
    def load(cls, folder: Path, pair: ModalityPair) -> Run:
        """Load a finished run; raise `InputError` if the folder holds none."""
        try:
            settings = json.loads((folder / "run.json").read_text())
            model = pair.models()[settings["model"]](**settings.get("shape", {}))
            model.networks.load_state_dict(load_file(folder / "weights.safetensors"))
            model.networks.eval()
            pair = set_up_for(pair, model)
            places = {name: _place(folder, model, name) for name in model.routes}
            routes = {
                name: Judged.load(place, pair.route(name))
                for name, place in places.items()
                if place == folder or place.is_dir()  # samples may lack another route's source
            }
            return cls(folder, settings, pair, model, routes)
        except Exception as error:  # each of the libraries that read it raises its own kinds
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(
                f"{folder}: not a finished run of {pair.name} ({reason}); train one with "
                "`xmod train`"
            ) from error


def save_weights(model: Model, folder: Path) -> None:
    """Write a model's networks into a folder."""
    state = model.networks.state_dict()
    weights = {name: tensor.contiguous() for name, tensor in state.items()}
    with replacing(folder / "weights.safetensors") as partial:
        partial.write_bytes(save(weights))  # save_file hides it from other users


def _fixed(field: Field, like: Array) -> Field:
    """Return a field whose axes have the extents of an array."""
    axes = zip(field.axes, like.shape, strict=True)
    return replace(field, axes=tuple(replace(axis, size=size) for axis, size in axes))


def _place(folder: Path, model: Model, route: str) -> Path:
    """Return where a route's files lie: the first one's in the run's folder itself."""
    if route == model.routes[0]:
        return folder
    return folder / ROUTES / route.replace(":", "-")


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    with replacing(path) as partial:
        partial.write_text(json.dumps(values, indent=1) + "\n")


def _nested(path: Path) -> dict[str, dict[str, Array]]:
    nested: dict[str, dict[str, Array]] = defaultdict(dict)
    with np.load(path, allow_pickle=False) as arrays:
        for key in arrays.files:
            outer, inner = key.split("/")
            nested[outer][inner] = arrays[key]
    return dict(nested)
