"""Train a model on a store, calibrate it on rows it never saw, and score it on others."""

from __future__ import annotations

import csv
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route
from xmodkit.train.assess import assess
from xmodkit.train.data import Dataset, data_source, load_dataset
from xmodkit.train.fit import Epoch, fit
from xmodkit.train.run import Run
from xmodkit.train.splits import Splits, split_by_group

__all__ = ["TrainJob", "train"]


@dataclass(frozen=True)
class TrainJob:
    """All that one training is told. `source` says what the samples are: simulated or measured."""

    pair: ModalityPair
    model: str
    store: Path
    out: Path
    seed: int = 0
    epochs: int | None = None
    group: str = "plate"


def train(
    job: TrainJob,
    report: Callable[[Epoch], None] = lambda _: None,
    progress: Callable[[str, int], None] = lambda *_: None,
) -> Run:
    """Train, calibrate on rows never trained on, score on rows used for neither, and save."""
    torch.manual_seed(job.seed)
    pair = job.pair
    model = pair.models()[job.model]()
    if job.epochs is not None:
        model.stages = tuple(replace(stage, epochs=job.epochs) for stage in model.stages)
    route = pair.route(model.routes[0])
    data = load_dataset(job.store, pair, route, model, job.group, lambda n: progress("reading", n))
    splits = split_by_group(data.ids, data.groups, job.seed)
    job.out.mkdir(parents=True, exist_ok=True)
    history = fit(
        model, data.part(splits["train"]), data.part(splits["validation"]), job.seed, report
    )
    _write_losses(job.out / "losses.csv", history)
    progress("calibrating and scoring", 0)
    settings = _settings(job, model, route, data, splits)
    run = assess(pair, model, route, job.store, job.out, data, splits, settings)
    run.save()
    return run


def _settings(
    job: TrainJob,
    model: Model,
    route: Route,
    data: Dataset,
    splits: Splits,
) -> dict[str, Any]:
    return {
        "plugin": job.pair.name,
        "model": job.model,
        "route": route.name,
        "fields": [field.name for field in job.pair.modality(route.target).fields],
        "seed": job.seed,
        "stages": [asdict(stage) for stage in model.stages],
        "parameters": {
            name: sum(p.numel() for p in net.parameters()) for name, net in model.networks.items()
        },
        "data": {
            "source": data_source(data),
            "simulator": _simulator(data),
            "samples": len(data.ids),
            "hash": data.hash,
        },
        "split": {
            "by": job.group,
            "hash": splits.hash,
            **{part: len(rows) for part, rows in splits.rows.items()},
        },
        "versions": {name: version(name) for name in ("xmodkit", "torch", "numpy", "pillow")}
        | {"python": platform.python_version()},
        "date": datetime.now(UTC).date().isoformat(),
    }


def _simulator(data: Dataset) -> str:
    versions = {str(m["simulator_version"]) for m in data.metadata if "simulator_version" in m}
    return f"simulator version {', '.join(sorted(versions))}" if versions else ""


def _write_losses(path: Path, history: Sequence[Epoch]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(asdict(history[0])))
        writer.writeheader()
        writer.writerows(asdict(epoch) for epoch in history)
