"""Train copies of a network at once, and keep for each its best weights on rows held out."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

__all__ = ["Rows", "Schedule", "place", "polish", "subset", "train", "unexplained"]

_CHECKS = 40  # validations in one training

_Network = TypeVar("_Network", bound=nn.Module)


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train; the rate falls to zero along a cosine."""

    epochs: int
    rate: float = 2e-3
    batch: int = 64
    decay: float = 1e-4


@dataclass(frozen=True)
class Rows:
    """Standardised features (N, n) and target components (N, m), those to learn from and others."""

    x: Tensor
    y: Tensor
    held_x: Tensor
    held_y: Tensor


def unexplained(predicted: Tensor, y: Tensor) -> Tensor:
    """Return the unexplained share of a unit variance, (copies,): 1 - R2 on training rows."""
    return ((predicted - y) ** 2).sum(dim=-1).mean(dim=-1)


def train(network: nn.Module, rows: Rows, schedule: Schedule) -> Tensor:
    """Train with AdamW; leave each copy its best weights; return their losses (copies,)."""
    decayed = [p for p in network.parameters() if p.shape[1] > 1]
    others = [p for p in network.parameters() if p.shape[1] == 1]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": schedule.decay},
        {"params": others},
    ]
    optimiser = torch.optim.AdamW(groups, lr=schedule.rate, weight_decay=0.0)
    per_epoch = math.ceil(len(rows.x) / schedule.batch)
    steps = per_epoch * schedule.epochs
    best = _Best(network, rows)
    check = max(steps // _CHECKS, 1)
    order = torch.empty(0, dtype=torch.long)
    for step in range(steps):
        part = step % per_epoch
        if part == 0:
            order = torch.randperm(len(rows.x))
        chosen = order[part * schedule.batch : (part + 1) * schedule.batch]
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate * (1 + math.cos(math.pi * step / steps)) / 2
        optimiser.zero_grad(set_to_none=True)
        loss = unexplained(network(rows.x[chosen]), rows.y[chosen]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if (step + 1) % check == 0 or step + 1 == steps:
            best.look()
    return best.restore()


def polish(network: nn.Module, rows: Rows, iterations: int) -> Tensor:
    """Go on with LBFGS over all rows; leave the best weights; return their losses (copies,)."""
    optimiser = torch.optim.LBFGS(
        network.parameters(),
        max_iter=20,
        history_size=20,
        line_search_fn="strong_wolfe",
        tolerance_grad=0,
        tolerance_change=0,
    )
    best = _Best(network, rows)

    def closure() -> Tensor:
        optimiser.zero_grad(set_to_none=True)
        loss = unexplained(network(rows.x), rows.y).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    for _ in range(max(iterations // 20, 1)):
        optimiser.step(closure)  # type: ignore[no-untyped-call]
        best.look()
    return best.restore()


def subset(network: _Network, copies: Tensor) -> _Network:
    """Return a network of some copies of another, by their places (m,)."""
    chosen = deepcopy(network)
    for parameter in chosen.parameters():
        parameter.data = parameter.data[copies].clone()
    return chosen


@torch.no_grad()
def place(network: nn.Module, one: nn.Module, copy: int) -> None:
    """Give a copy of a network the weights of a network of one copy."""
    for parameter, weight in zip(network.parameters(), one.parameters(), strict=True):
        parameter[copy] = weight[0]


class _Best:
    """Each copy's best weights so far, by the loss on rows held out."""

    def __init__(self, network: nn.Module, rows: Rows) -> None:
        self.network, self.rows = network, rows
        self.parameters = list(network.parameters())
        self.kept = [p.detach().clone() for p in self.parameters]
        self.losses = self._losses()

    def look(self) -> None:
        """Keep the weights of copies that are better now."""
        losses = self._losses()
        better = losses < self.losses
        self.losses = torch.where(better, losses, self.losses)
        for kept, parameter in zip(self.kept, self.parameters, strict=True):
            kept[better] = parameter.detach()[better]

    @torch.no_grad()
    def restore(self) -> Tensor:
        """Put the kept weights back and return their losses (copies,)."""
        for kept, parameter in zip(self.kept, self.parameters, strict=True):
            parameter.copy_(kept)
        return self.losses

    @torch.no_grad()
    def _losses(self) -> Tensor:
        found = unexplained(self.network(self.rows.held_x), self.rows.held_y)
        return torch.nan_to_num(found, nan=torch.inf)
