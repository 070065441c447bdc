"""Train a model's stages one after the other, so that a kill costs one epoch at most."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from xmodkit.model import Model, Stage
from xmodkit.train.allocator import keep_large_buffers
from xmodkit.train.batches import Rows, length
from xmodkit.train.checkpoint import Best, Checkpoint, State, Weights
from xmodkit.train.distributed import Processes
from xmodkit.train.logs import Epoch
from xmodkit.train.stage import StageLoop

__all__ = ["Epoch", "fit"]

Report = Callable[[Epoch], None]


def fit(
    model: Model,
    training: Rows,
    validation: Rows,
    seed: int,
    report: Report = lambda _: None,
    *,
    ids: tuple[Sequence[str], Sequence[str]] = ((), ()),
    checkpoint: Checkpoint | None = None,
    processes: Processes | None = None,
) -> list[Epoch]:
    """Train every stage in turn, keep each stage's best epoch by validation loss, or its last.

    Without validation rows it is the last epoch, and the validation loss is NaN.

    `ids` names training and validation rows in errors. With a `checkpoint`, training goes on from
    the state it holds and saves its own after each epoch; on a CPU the losses are then the same
    as without the interruption. `report` is called in the first process alone.

    Raise `DataError` naming stage, epoch and samples if a loss is not finite.
    """
    keep_large_buffers()
    torch.manual_seed(seed)
    fitting = _Fitting(
        model, (training, validation), ids, seed, report, checkpoint, processes or Processes()
    )
    state = checkpoint.load() if checkpoint else None
    fitting.history = list(state.history) if state else []
    for number in range(state.stage if state else 0, len(model.stages)):
        fitting.run(number, state if state and state.stage == number else None)
    return fitting.history


class _Fitting:
    """What all stages of one training share."""

    def __init__(
        self,
        model: Model,
        rows: tuple[Rows, Rows],
        ids: tuple[Sequence[str], Sequence[str]],
        seed: int,
        report: Report,
        checkpoint: Checkpoint | None,
        processes: Processes,
    ) -> None:
        self.model = model
        self.rows = rows
        self.ids = ids
        self.seed = seed
        self.report = report
        self.checkpoint = checkpoint
        self.processes = processes
        self.history: list[Epoch] = []

    def run(self, number: int, state: State | None) -> None:
        """Train a stage from its beginning, or from a state."""
        model, stage = self.model, self.model.stages[number]
        if state:
            model.networks.load_state_dict(state.start)
        self.processes.equalise(model.networks)
        start = _copy(model)
        model.networks.eval()
        model.begin(stage.name, self.rows[0])
        if self._learns(stage):
            self._learn(number, state, start)
        model.networks.eval()
        model.end(stage.name, self.rows[0])

    def _learns(self, stage: Stage) -> bool:
        """Whether a stage has anything to learn by gradient: others are fitted when it ends."""
        networks = [self.model.networks[name] for name in stage.networks]
        return stage.epochs > 0 and any(True for n in networks for _ in n.parameters())

    def _learn(self, number: int, state: State | None, start: Weights) -> None:
        """Run a stage's epochs and keep the best, or the last."""
        model, stage = self.model, self.model.stages[number]
        training, validation = (
            model.rows(stage.name, rows) if length(rows) else rows for rows in self.rows
        )
        order = np.random.default_rng([self.seed, number])
        loop = StageLoop(model, stage, training, self.ids[0], order, self.processes)
        if self.processes.count > 1:  # noise must differ between processes, unlike weights
            torch.manual_seed(self.seed + 1000 * (number + 1) + self.processes.rank)
        best = Best(_copy(model))
        epoch = 0
        if state:
            epoch, best = state.epoch, state.best
            self._restore(state, loop)
        while epoch < stage.epochs and not _is_stuck(stage, epoch - best.epoch):
            epoch += 1
            loss = self._epoch(loop, epoch, validation)
            if loss < best.loss or stage.keep == "last" or not length(validation):
                best = Best(_copy(model), epoch, loss)
            self._save(number, epoch, start, best, loop)
            if self.processes.is_first:
                self.report(self.history[-1])
        model.networks.load_state_dict(best.weights)

    def _epoch(self, loop: StageLoop, epoch: int, validation: Rows) -> float:
        started = time.perf_counter()
        training = loop.train(epoch)
        seconds = time.perf_counter() - started
        known = length(validation) > 0
        loss = loop.validate(epoch, validation, self.ids[1]) if known else math.nan
        stage = loop.stage
        self.history.append(Epoch(stage.name, epoch, stage.epochs, training, loss, seconds))
        return loss

    def _save(self, number: int, epoch: int, start: Weights, best: Best, loop: StageLoop) -> None:
        if self.checkpoint is None:
            return
        random = self.processes.gather(torch.get_rng_state())
        if self.processes.is_first:
            weights, order = self.model.networks.state_dict(), loop.order.bit_generator.state
            state = State(
                number, epoch, start, weights, best, loop.state(), random, order,
                tuple(self.history),
            )  # fmt: skip
            self.checkpoint.save(state)

    def _restore(self, state: State, loop: StageLoop) -> None:
        self.model.networks.load_state_dict(state.weights)
        loop.load_state(state.optimiser)
        loop.order.bit_generator.state = dict(state.order)
        torch.set_rng_state(state.random[self.processes.rank])


def _is_stuck(stage: Stage, epochs_since_best: int) -> bool:
    return stage.patience is not None and epochs_since_best >= stage.patience


def _copy(model: Model) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.networks.state_dict().items()}
