"""Train one stage: its optimiser, its epochs, and which samples broke it where one did."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xmodkit.errors import DataError
from xmodkit.model import Model, Stage
from xmodkit.train.batches import Order, Rows, batches, epoch_order, gather, length
from xmodkit.train.distributed import Processes

__all__ = ["StageLoop"]

_NAMED = 10  # samples named in an error

_OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
}


class StageLoop:
    """One stage being trained: call `train` and `validate` once an epoch.

    `ids` names the rows in errors. Every process calls the same methods in the same order.
    """

    def __init__(
        self,
        model: Model,
        stage: Stage,
        rows: Rows,
        ids: Sequence[str],
        order: np.random.Generator,
        processes: Processes,
    ) -> None:
        self.model = model
        self.stage = stage
        self.rows = rows
        self.ids = ids
        self.order = order
        self.processes = processes
        self.parameters = _only(model, stage)
        self.optimiser = _OPTIMISERS[stage.optimiser](
            self.parameters, lr=stage.learning_rate, weight_decay=stage.weight_decay
        )
        self._steps = math.ceil(length(rows) / stage.batch_size)  # an epoch
        self._norm = stage.clip * math.sqrt(len(self.parameters))

    def train(self, epoch: int) -> float:
        """Train one epoch (from 1), return its mean loss.

        Raise `DataError` naming stage, epoch and samples if a loss or a gradient is not finite.
        """
        self.model.start_epoch(self.stage.name, epoch)
        self._learn()
        losses = []
        order = epoch_order(self.rows, self.order)
        for number, batch in enumerate(batches(order, self.stage.batch_size)):
            self._set_rate((epoch - 1) * self._steps + number)
            loss = self._step(batch)
            if loss is None:
                raise self._broken(epoch, self.rows, batch, self.ids)
            losses.append(loss)
        return float(np.mean(losses))

    @torch.no_grad()
    def validate(self, epoch: int, rows: Rows, ids: Sequence[str]) -> float:
        """Return the mean loss of rows that nothing is learned from."""
        self.model.networks.eval()
        sizes, losses = [], []
        for batch in batches(np.arange(length(rows)), self.stage.batch_size):
            loss = float(self.model.loss(self.stage.name, gather(rows, batch)))
            if not math.isfinite(loss):
                raise self._broken(epoch, rows, batch, ids)
            sizes.append(len(batch))
            losses.append(loss)
        # Every process has computed it; the mean makes sure that all see the very same number.
        mean = torch.tensor(np.average(losses, weights=sizes), dtype=torch.float64)
        return float(self.processes.sum(mean)) / self.processes.count

    def state(self) -> dict[str, Any]:
        """Return the optimiser's state."""
        return self.optimiser.state_dict()

    def load_state(self, state: Any) -> None:
        """Continue with the state of an optimiser."""
        self.optimiser.load_state_dict(state)

    def _learn(self) -> None:
        """Put the stage's networks into training mode; frozen ones stay as they are."""
        self.model.networks.train()
        for name, network in self.model.networks.items():
            network.train(name in self.stage.networks)

    def _step(self, batch: Order) -> float | None:
        """Learn from one batch and return its loss, None if that is not finite."""
        share, weight = self.processes.share(batch)
        loss = self.model.loss(self.stage.name, gather(self.rows, share))
        alone = self.processes.count == 1
        value = loss.item() if alone else float(self.processes.sum(loss.detach() * weight))
        if not math.isfinite(value):
            return None
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if not alone:
            self.processes.sum_gradients(self.parameters, weight)
        norm = nn.utils.clip_grad_norm_(self.parameters, self._norm)
        if not math.isfinite(norm):
            return None
        self.optimiser.step()
        return value

    def _set_rate(self, step: int) -> None:
        """Set the learning rate, which step and schedule alone decide."""
        rate = self.stage.learning_rate
        if self.stage.schedule == "cosine":
            rate *= (1 + math.cos(math.pi * step / (self._steps * self.stage.epochs))) / 2
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def _broken(self, epoch: int, rows: Rows, batch: Order, ids: Sequence[str]) -> DataError:
        """Return the error that names those samples of a batch whose own loss is not finite."""
        self.model.networks.eval()
        names = [
            str(ids[row]) if len(ids) else f"row {row}" for row in batch if self._breaks(rows, row)
        ]
        where = f"stage {self.stage.name}, epoch {epoch}: the loss is not finite"
        if not names:
            return DataError(f"{where}, though that of each sample is; lower the learning rate")
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        shown = ", ".join(names[:_NAMED]) + more
        if len(names) == len(batch) > 1:
            return DataError(
                f"{where}, nor that of any sample of the batch ({shown}); lower the learning rate"
            )
        return DataError(f"{where} because of {shown}; correct or remove these samples")

    @torch.enable_grad()
    def _breaks(self, rows: Rows, row: int) -> bool:
        """Say whether one row's own loss, or its gradient, is not finite."""
        self.optimiser.zero_grad(set_to_none=True)
        loss: Tensor = self.model.loss(self.stage.name, gather(rows, np.array([row])))
        if not torch.isfinite(loss):
            return True
        loss.backward()  # type: ignore[no-untyped-call]
        return any(not p.grad.isfinite().all() for p in self.parameters if p.grad is not None)


def _only(model: Model, stage: Stage) -> list[nn.Parameter]:
    """Freeze every network but the stage's own and return what learns."""
    for name, network in model.networks.items():
        network.requires_grad_(name in stage.networks)
    return [p for p in model.networks.parameters() if p.requires_grad]
