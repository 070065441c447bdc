"""Fit a model on rows of a data set and leave checkpoints and losses in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import MissingExtraError
from xmodkit.model import Model
from xmodkit.train.checkpoint import Checkpoint
from xmodkit.train.data import Dataset
from xmodkit.train.distributed import Processes
from xmodkit.train.fit import fit
from xmodkit.train.folder import CHECKPOINT
from xmodkit.train.job import Progress, Report, TrainJob
from xmodkit.train.logs import Epoch, LossLog, draw_losses
from xmodkit.train.splits import Splits

__all__ = ["fit_in_folder"]

Rows = NDArray[np.int64]


def fit_in_folder(
    job: TrainJob,
    folder: Path,
    model: Model,
    data: Dataset,
    rows: tuple[Rows, Rows],
    told: Mapping[str, Any],
    tables: Mapping[str, Splits],
    report: Report,
    progress: Progress,
    processes: Processes,
) -> None:
    """Train a model's stages on training and validation rows; `told` says which training it is.

    With `job.resume` it goes on from the folder's checkpoint, if there is one. `tables` are saved
    by their names once it is known that this training may go on there. Without validation rows
    the last epoch of each stage is kept.
    """
    checkpoint = Checkpoint(folder / CHECKPOINT, told)
    state = checkpoint.load() if job.resume else None
    history = list(state.history) if state else []
    log = None
    if processes.is_first:
        for name, table in tables.items():
            table.save(folder / name)
        log = LossLog(folder, history, tensorboard=job.tensorboard)

    def noted(epoch: Epoch) -> None:
        history.append(epoch)
        if log is not None:
            log.add(epoch)
        report(epoch)

    training, validation = rows
    fit(
        model,
        data.part(training, "train"),
        data.part(validation, "validation"),
        job.seed,
        noted,
        ids=([data.ids[i] for i in training], [data.ids[i] for i in validation]),
        checkpoint=checkpoint,
        processes=processes,
    )
    if log is None:
        return
    log.close()
    try:
        if history:
            draw_losses(folder / "losses.png", history)
    except MissingExtraError as error:  # a picture is not worth hours of training
        progress(f"no losses.png: {error}", 0)
