"""What a training leaves to look at: the table of losses, their curves, and TensorBoard's files."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from xmodkit.errors import MissingExtraError

__all__ = ["Epoch", "LossLog", "draw_losses"]


@dataclass(frozen=True)
class Epoch:
    """The losses of one epoch of one stage."""

    stage: str
    epoch: int
    epochs: int
    training: float
    validation: float
    seconds: float


class LossLog:
    """Writes `losses.csv` epoch by epoch, and TensorBoard's files where asked.

    `past` is what a resumed training has behind it: the table starts with it, whatever the
    interrupted one had written since. Raise `MissingExtraError` if TensorBoard is not installed.
    """

    def __init__(
        self, folder: Path, past: Sequence[Epoch] = (), *, tensorboard: bool = False
    ) -> None:
        self.path = folder / "losses.csv"
        self.count = len(past)
        with self.path.open("w", newline="") as file:
            csv.writer(file).writerow(field.name for field in fields(Epoch))
        for epoch in past:
            self._append(epoch)
        self.board = _board(folder / "tensorboard", self.count) if tensorboard else None

    def add(self, epoch: Epoch) -> None:
        """Append an epoch."""
        self._append(epoch)
        self.count += 1
        if self.board is not None:
            for name in ("training", "validation"):
                self.board.add_scalar(f"{epoch.stage}/{name}", getattr(epoch, name), self.count)
            self.board.flush()

    def close(self) -> None:
        """Close TensorBoard's file."""
        if self.board is not None:
            self.board.close()

    def _append(self, epoch: Epoch) -> None:
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerow(asdict(epoch).values())


def _board(folder: Path, count: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError("--tensorboard", "tensorboard", "tensorboard") from error
    return SummaryWriter(folder, purge_step=count + 1)


def draw_losses(path: Path, history: Sequence[Epoch]) -> None:
    """Draw the training and validation losses of every stage as a PNG, each in a panel.

    Raise `MissingExtraError` if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # without pyplot: no window system, no state
    except ImportError as error:
        raise MissingExtraError("losses.png", "matplotlib", "train") from error
    stages = list(dict.fromkeys(epoch.stage for epoch in history))
    figure = Figure(figsize=(4.5 * max(1, len(stages)), 3.5), layout="constrained")
    for number, stage in enumerate(stages, 1):
        axes = figure.add_subplot(1, len(stages), number)
        epochs = [epoch for epoch in history if epoch.stage == stage]
        numbers = [epoch.epoch for epoch in epochs]
        training, validation = [e.training for e in epochs], [e.validation for e in epochs]
        axes.plot(numbers, training, ".-", label="training")
        if known := [loss for loss in validation if math.isfinite(loss)]:
            axes.plot(numbers, validation, ".-", label="validation")
        axes.set(title=stage, xlabel="epoch", ylabel="loss")
        least, most = min(training + known), max(training + known)
        if least > 0 and most > 10 * least:
            axes.set_yscale("log")
        axes.legend()
    figure.savefig(path, dpi=120)
