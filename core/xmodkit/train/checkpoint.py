"""The state of an unfinished training on disk, from which it goes on as if never interrupted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xmodkit.errors import InputError, UsageError
from xmodkit.replacing import replacing
from xmodkit.train.logs import Epoch

__all__ = ["Best", "Checkpoint", "State", "Weights"]

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Best:
    """The weights of a stage's best epoch by validation loss; epoch 0 is the stage's start."""

    weights: Weights
    epoch: int = 0
    loss: float = math.inf


@dataclass(frozen=True)
class State:
    """All that training needs to go on after an epoch of a stage (by its number).

    `start` are the weights that the stage began with, `random` torch's generator of each process,
    `order` the one that shuffles rows.
    """

    stage: int
    epoch: int
    start: Weights
    weights: Weights
    best: Best
    optimiser: Mapping[str, Any]
    random: tuple[Tensor, ...]
    order: Mapping[str, Any]
    history: tuple[Epoch, ...]


class Checkpoint:
    """A file that holds the last `State` of one particular training.

    `identity` says which: a training with another (data, seed, stages, ...) may not go on from it.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        self.identity = dict(identity)

    def save(self, state: State) -> None:
        """Replace the file in one step, so that a kill leaves the old state or the new one."""
        values = dict(vars(state))
        values["best"] = vars(state.best)
        values["history"] = [asdict(epoch) for epoch in state.history]
        with replacing(self.path) as partial:
            torch.save({"identity": self.identity, "state": values}, partial)

    def load(self) -> State | None:
        """Return the last state; None if none was written yet.

        Raise `UsageError` if it is another training's, `InputError` if it cannot be read.
        """
        if not self.path.exists():
            return None
        try:  # weights_only: nothing in the file is ever executed
            held = torch.load(self.path, map_location="cpu", weights_only=True)
            values, identity = held["state"], held["identity"]
            values["best"] = Best(**values["best"])
            values["history"] = tuple(Epoch(**epoch) for epoch in values["history"])
            state = State(**values)
        except Exception as error:  # torch raises many kinds on damaged files
            raise InputError(
                f"{self.path}: not a checkpoint of this version ({type(error).__name__}); "
                "start again with --overwrite"
            ) from error
        self._must_agree(identity)
        return state

    def _must_agree(self, found: Mapping[str, Any]) -> None:
        for name, wanted in self.identity.items():
            if found.get(name) != wanted:
                raise UsageError(
                    f"{self.path.parent}: the unfinished training has {name} "
                    f"{_short(found.get(name))}, this one {_short(wanted)}; --resume with the "
                    "same, or --overwrite it"
                )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
