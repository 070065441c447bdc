"""What a run says of itself: all that decided its result."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from xmodkit.model import Model
from xmodkit.pair import Options, stored_options
from xmodkit.train.architecture import Architecture
from xmodkit.train.data import Dataset, data_origins, data_source
from xmodkit.train.splits import Splits

__all__ = ["identity", "settings"]

_LIBRARIES = ("xmodkit", "torch", "lightning-fabric", "numpy", "pillow")


def identity(
    kind: Architecture, model: Model, seed: int, data: Dataset, splits: Splits, processes: int
) -> dict[str, Any]:
    """Return what must be the same for a training to go on from a checkpoint."""
    return {
        "plugin": kind.pair.name,
        "model": model.name,
        "shape": dict(kind.shape),
        "seed": seed,
        "stages": [_plain(asdict(stage)) for stage in model.stages],
        "store hash": data.hash,
        "split hash": splits.hash,
        "processes": processes,
    }


def settings(
    kind: Architecture,
    options: Options,
    model: Model,
    seed: int,
    data: Dataset,
    splits: Splits,
    split_by: str,
    started_from: str | None,
    processes: int,
) -> dict[str, Any]:
    """Return the settings of a run, as `run.json` and the model file hold them."""
    return {
        "plugin": kind.pair.name,
        "model": kind.name,
        "route": kind.route.name,
        "options": stored_options(options),
        "shape": dict(kind.shape),
        "coordinates": {name: list(points) for name, points in kind.coordinates.items()},
        "fields": [field.name for field in kind.pair.modality(kind.route.target).fields],
        "seed": seed,
        "stages": [asdict(stage) for stage in model.stages],
        "parameters": {
            name: sum(p.numel() for p in net.parameters()) for name, net in model.networks.items()
        },
        "data": {
            "source": data_source(data),
            "simulator": _simulator(data),
            "samples": len(data.ids),
            "hash": data.hash,
            "origins": data_origins(data),
        },
        "split": {
            "by": split_by,
            "hash": splits.hash,
            **splits.counts,
        },
        "started_from": started_from,
        "processes": processes,
        "versions": {name: version(name) for name in _LIBRARIES}
        | {"python": platform.python_version()},
        "date": datetime.now(UTC).date().isoformat(),
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return tuples as lists, as a checkpoint gives them back."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _simulator(data: Dataset) -> str:
    versions = {str(m["simulator_version"]) for m in data.metadata if "simulator_version" in m}
    return f"simulator version {', '.join(sorted(versions))}" if versions else ""
