"""Train a model's stages: a plain loop over arrays in memory."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xmodkit.errors import DataError
from xmodkit.modality import Array
from xmodkit.model import Model, Stage
from xmodkit.train.allocator import keep_large_buffers

__all__ = ["Epoch", "fit"]

Rows = Mapping[str, Array]


@dataclass(frozen=True)
class Epoch:
    """The losses of one epoch of one stage."""

    stage: str
    epoch: int
    epochs: int
    training: float
    validation: float
    seconds: float


def fit(
    model: Model,
    training: Rows,
    validation: Rows,
    seed: int,
    report: Callable[[Epoch], None] = lambda _: None,
) -> list[Epoch]:
    """Train every stage in turn, keep each stage's best epoch by validation loss.

    Raise `DataError` naming the stage and epoch if a loss is not finite.
    """
    keep_large_buffers()
    torch.manual_seed(seed)
    history: list[Epoch] = []
    for number, stage in enumerate(model.stages):
        generator = np.random.default_rng([seed, number])
        model.networks.eval()
        model.begin(stage.name, training)
        rows = model.rows(stage.name, training), model.rows(stage.name, validation)
        history += _fit_stage(model, stage, *rows, generator, report)
        model.networks.eval()
        model.end(stage.name, training)
    return history


def _fit_stage(
    model: Model,
    stage: Stage,
    training: Rows,
    validation: Rows,
    generator: np.random.Generator,
    report: Callable[[Epoch], None],
) -> list[Epoch]:
    parameters = _only(model, stage)
    optimiser = torch.optim.AdamW(
        parameters, lr=stage.learning_rate, weight_decay=stage.weight_decay
    )
    steps = stage.epochs * math.ceil(_length(training) / stage.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps))
    history: list[Epoch] = []
    best, kept = math.inf, _copy(model)
    for number in range(1, stage.epochs + 1):
        started = time.perf_counter()
        model.networks.train()
        losses = []
        for batch in _batches(training, stage.batch_size, generator):
            loss = model.loss(stage.name, batch)
            if not torch.isfinite(loss):
                raise DataError(
                    f"stage {stage.name}, epoch {number}: the loss is not finite; "
                    "lower the learning rate or check the samples"
                )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(parameters, 10.0 * math.sqrt(len(parameters)))
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        seconds = time.perf_counter() - started
        value = _validate(model, stage, validation)
        history.append(
            Epoch(stage.name, number, stage.epochs, float(np.mean(losses)), value, seconds)
        )
        report(history[-1])
        if value < best:
            best, kept = value, _copy(model)
    model.networks.load_state_dict(kept)
    return history


def _only(model: Model, stage: Stage) -> list[torch.nn.Parameter]:
    """Freeze every network but the stage's own and return what learns."""
    for name, network in model.networks.items():
        network.requires_grad_(name in stage.networks)
    return [p for p in model.networks.parameters() if p.requires_grad]


@torch.no_grad()
def _validate(model: Model, stage: Stage, rows: Rows) -> float:
    model.networks.eval()
    sizes, losses = [], []
    for batch in _batches(rows, stage.batch_size):
        sizes.append(len(next(iter(batch.values()))))
        losses.append(model.loss(stage.name, batch).item())
    return float(np.average(losses, weights=sizes))


def _batches(
    rows: Rows, size: int, generator: np.random.Generator | None = None
) -> Iterator[dict[str, Tensor]]:
    n = _length(rows)
    order = np.arange(n) if generator is None else generator.permutation(n)
    for start in range(0, n, size):
        taken = order[start : start + size]
        yield {name: torch.from_numpy(array[taken]) for name, array in rows.items()}


def _length(rows: Rows) -> int:
    return len(next(iter(rows.values())))


def _copy(model: Model) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.networks.state_dict().items()}
