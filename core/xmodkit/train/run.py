"""A finished run on disk: settings, weights, calibration, metrics and test vectors."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file, save_file

from xmodkit.calibration import Calibration
from xmodkit.errors import InputError
from xmodkit.modality import Array, Arrays
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route
from xmodkit.train.graph import CalibratedGraph

__all__ = ["Run"]


@dataclass(frozen=True)
class Run:
    """A finished run in its folder: settings, weights, calibration and metrics."""

    folder: Path
    settings: Mapping[str, Any]
    route: Route
    model: Model
    quantiles: Mapping[str, tuple[Array, Array]]
    calibration: Calibration
    metrics: Mapping[str, Any]
    vectors: Sequence[Arrays]

    def graph(self) -> CalibratedGraph:
        """Return the calibrated graph of the run's route, ready to export."""
        fields = self.settings["fields"]
        raw = self.model.graph(self.route.name)
        graph = CalibratedGraph(raw, fields, self.quantiles, self.calibration.novelty_threshold)
        return graph.eval()

    def save(self) -> None:
        """Write everything but the loss table into the folder; settings last, as the seal."""
        state = self.model.networks.state_dict()
        weights = {name: tensor.contiguous() for name, tensor in state.items()}
        save_file(weights, self.folder / "weights.safetensors")
        arrays = {
            f"{name}/{end}": q
            for name, pair in self.quantiles.items()
            for end, q in zip(("lower", "upper"), pair, strict=True)
        }
        np.savez(self.folder / "quantiles.npz", allow_pickle=False, **arrays)
        vectors = {
            f"{i}/{name}": array
            for i, row in enumerate(self.vectors)
            for name, array in row.items()
        }
        np.savez(self.folder / "vectors.npz", allow_pickle=False, **vectors)
        _write_json(self.folder / "calibration.json", self.calibration.to_json())
        _write_json(self.folder / "metrics.json", self.metrics)
        _write_json(self.folder / "run.json", self.settings)

    @classmethod
    def load(cls, folder: Path, pair: ModalityPair) -> Run:
        """Load a finished run; raise `InputError` if the folder holds none."""
        try:
            settings = json.loads((folder / "run.json").read_text())
            model = pair.models()[settings["model"]]()
            model.networks.load_state_dict(load_file(folder / "weights.safetensors"))
            model.networks.eval()
            quantiles = _nested(folder / "quantiles.npz")
            vectors = _nested(folder / "vectors.npz")
            return cls(
                folder,
                settings,
                pair.route(settings["route"]),
                model,
                {name: (q["lower"], q["upper"]) for name, q in quantiles.items()},
                Calibration.from_json(json.loads((folder / "calibration.json").read_text())),
                json.loads((folder / "metrics.json").read_text()),
                [vectors[key] for key in sorted(vectors)],
            )
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{folder}: not a finished run of this plugin ({error}); "
                "train one with `xmod train`"
            ) from error


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1) + "\n")


def _nested(path: Path) -> dict[str, dict[str, Array]]:
    nested: dict[str, dict[str, Array]] = defaultdict(dict)
    with np.load(path, allow_pickle=False) as arrays:
        for key in arrays.files:
            outer, inner = key.split("/")
            nested[outer][inner] = arrays[key]
    return dict(nested)
