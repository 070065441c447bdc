"""Train a model on a store, calibrate it on rows it never saw, and score it on others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xmodkit.conformal import fewest_rows
from xmodkit.errors import DataError, MissingExtraError
from xmodkit.model import Model
from xmodkit.pair import ModalityPair
from xmodkit.train.assess import assess
from xmodkit.train.checkpoint import Checkpoint
from xmodkit.train.data import Dataset, Memory, load_dataset
from xmodkit.train.distributed import Processes
from xmodkit.train.fit import fit
from xmodkit.train.folder import (
    CACHE,
    CHECKPOINT,
    SPLIT,
    STARTED,
    empty_folder,
    prepare_folder,
)
from xmodkit.train.judge import COVERAGE
from xmodkit.train.logs import Epoch, LossLog, draw_losses
from xmodkit.train.run import Run
from xmodkit.train.settings import identity, settings
from xmodkit.train.splits import FRACTIONS, Splits, split_by_group
from xmodkit.train.start import check_apart, new_model, start_from

__all__ = ["TrainJob", "train"]

Report = Callable[[Epoch], None]
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class TrainJob:
    """All that one training is told.

    `split_by` names the entry of `Sample.groups` that stays in one part (`sample`: each on its
    own), `fractions` how much each part gets; or `split` is the split.csv of another run.
    `start` is the folder of a run to start from; `memory` says where prepared arrays are kept.
    """

    pair: ModalityPair
    model: str
    store: Path
    out: Path
    seed: int = 0
    epochs: int | None = None
    split_by: str = "plate"
    fractions: Mapping[str, float] = field(default_factory=lambda: FRACTIONS)
    split: Path | None = None
    start: Path | None = None
    memory: Memory = "auto"
    resume: bool = False
    overwrite: bool = False
    tensorboard: bool = False


def train(
    job: TrainJob, report: Report = lambda _: None, progress: Progress = lambda *_: None
) -> Run:
    """Train, calibrate on rows never trained on, score on rows used for neither, and save.

    Started by `torchrun`, all processes train and the first does the rest. Raise `UsageError` if
    the folder holds another run, `DataError` if samples cannot be trained on.
    """
    processes = Processes()
    if processes.is_first:
        prepare_folder(job.out, resume=job.resume, overwrite=job.overwrite)
    processes.wait()
    model = _model(job)
    route = job.pair.route(model.routes[0])
    cache = job.out / CACHE / str(processes.rank)
    data = load_dataset(
        job.store,
        job.pair,
        route,
        model,
        job.split_by,
        lambda n: progress("reading", n),
        memory=job.memory,
        cache=cache,
    )
    splits = _split(job, data)
    before = check_apart(splits, job.start) if job.start else None
    if job.overwrite:  # not before: a wrong store must not cost the old run
        if processes.is_first:
            empty_folder(job.out)
        processes.wait()
    if notice := _open_bounds(job.pair, model, len(splits["calibration"])):
        progress(notice, 0)
    _fit(job, model, data, splits, before, processes, report, progress)
    if processes.is_first:
        progress("calibrating and scoring", 0)
        described = settings(
            job.pair,
            job.model,
            model,
            route,
            job.seed,
            data,
            splits,
            str(job.split or job.split_by),
            str(job.start) if job.start else None,
            processes.count,
        )
        run = assess(job.pair, model, route, job.store, job.out, data, splits, described)
        run.save()
        (job.out / CHECKPOINT).unlink(missing_ok=True)
    shutil.rmtree(cache, ignore_errors=True)
    processes.wait()
    return run if processes.is_first else Run.load(job.out, job.pair)


def _model(job: TrainJob) -> Model:
    model = new_model(job.pair, job.model, job.seed, job.epochs)
    if job.start is not None:
        start_from(model, job.start)
    return model


def _split(job: TrainJob, data: Dataset) -> Splits:
    if job.split is None:
        splits = split_by_group(data.ids, data.groups, job.seed, job.fractions, data.contents)
    else:
        try:
            splits = Splits.load(job.split).applied_to(data.ids, data.contents)
        except DataError as error:
            raise DataError(f"--split {job.split}: {error}") from error
        if empty := [part for part, rows in splits.rows.items() if not len(rows)]:
            raise DataError(f"--split {job.split}: no sample is in {', '.join(empty)}; split anew")
    return splits


def _open_bounds(pair: ModalityPair, model: Model, rows: int) -> str | None:
    """Return what must be said where calibration rows are too few for bounds with an end."""
    bounded = [name for name in model.routes if pair.route(name).bounds == "interval"]
    needed = fewest_rows((1 + COVERAGE) / 2)  # each tail has half the error rate
    if not bounded or rows >= needed:
        return None
    return (
        f"calibration has {rows} rows, {needed} needed: bounds of {', '.join(bounded)} will be "
        "infinite; give more samples, or a larger share with --fractions"
    )


def _fit(
    job: TrainJob,
    model: Model,
    data: Dataset,
    splits: Splits,
    before: Splits | None,
    processes: Processes,
    report: Report,
    progress: Progress,
) -> None:
    """Train the stages, leaving split, checkpoints and logs in the folder."""
    told = {
        **identity(job.pair, model, job.seed, data, splits, processes.count),
        "--from": str(job.start.resolve()) if job.start else None,
    }
    checkpoint = Checkpoint(job.out / CHECKPOINT, told)
    state = checkpoint.load() if job.resume else None
    history = list(state.history) if state else []
    log = None
    if processes.is_first:
        if before is not None:
            before.save(job.out / STARTED)
        splits.save(job.out / SPLIT)
        log = LossLog(job.out, history, tensorboard=job.tensorboard)

    def noted(epoch: Epoch) -> None:
        history.append(epoch)
        if log is not None:
            log.add(epoch)
        report(epoch)

    training, validation = splits["train"], splits["validation"]
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
    if log is not None:
        log.close()
        try:
            draw_losses(job.out / "losses.png", history)
        except MissingExtraError as error:  # a picture is not worth hours of training
            progress(f"no losses.png: {error}", 0)
