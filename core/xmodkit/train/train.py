"""Train a model on a store, calibrate it on rows it never saw, and score it on others."""

from __future__ import annotations

import shutil
from dataclasses import replace

from xmodkit.errors import DataError
from xmodkit.model import Model
from xmodkit.train.architecture import Architecture
from xmodkit.train.assess import assess, open_bounds
from xmodkit.train.crossfit import cross_fit
from xmodkit.train.data import Dataset, load_dataset
from xmodkit.train.distributed import Processes
from xmodkit.train.fitting import fit_in_folder
from xmodkit.train.folder import (
    CACHE,
    CHECKPOINT,
    SPLIT,
    STARTED,
    prepare_folder,
    settle_folder,
)
from xmodkit.train.job import Progress, Report, TrainJob
from xmodkit.train.run import Run
from xmodkit.train.settings import identity, settings
from xmodkit.train.splits import Splits, split_by_group
from xmodkit.train.start import check_apart, start_from

__all__ = ["TrainJob", "train"]


def train(
    job: TrainJob, report: Report = lambda _: None, progress: Progress = lambda *_: None
) -> Run:
    """Train, calibrate on rows never trained on, score on rows used for neither, and save.

    With `folds`, models of folds calibrate and score, and the run's model learns from every row.
    Started by `torchrun`, all processes train and the first does the rest. Raise `UsageError` if
    the folder holds another run, `DataError` if samples cannot be trained on.
    """
    processes = Processes()
    if processes.is_first:
        prepare_folder(job.out, resume=job.resume, overwrite=job.overwrite)
    processes.wait()
    kind = Architecture.of_store(job.pair, job.model, job.store, job.route, job.options)
    job = replace(job, pair=kind.pair)
    model = _model(job, kind)
    cache = job.out / CACHE / str(processes.rank)
    data = load_dataset(
        job.store,
        job.pair,
        kind.route,
        model,
        job.group,
        lambda n: progress("reading", n),
        memory=job.memory,
        cache=cache,
    )
    make = cross_fit if job.folds else _split_fit
    run = make(job, kind, model, data, processes, report, progress)
    shutil.rmtree(cache, ignore_errors=True)
    processes.wait()
    return run or Run.load(job.out, job.pair)


def _split_fit(
    job: TrainJob,
    kind: Architecture,
    model: Model,
    data: Dataset,
    processes: Processes,
    report: Report,
    progress: Progress,
) -> Run | None:
    """Train on one part of the samples, calibrate and score on others; None but in the first."""
    splits = _split(job, data)
    before = check_apart(splits, job.start) if job.start else None
    settle_folder(job, processes)
    if notice := open_bounds(job.pair, model, len(splits["calibration"])):
        progress(notice, 0)
    told = {
        **identity(kind, model, job.seed, data, splits, processes.count),
        "--from": str(job.start.resolve()) if job.start else None,
    }
    tables = {SPLIT: splits, **({STARTED: before} if before is not None else {})}
    rows = splits["train"], splits["validation"]
    fit_in_folder(job, job.out, model, data, rows, told, tables, report, progress, processes)
    if not processes.is_first:
        return None
    progress("calibrating and scoring", 0)
    described = settings(
        kind,
        job.options,
        model,
        job.seed,
        data,
        splits,
        str(job.split or job.group),
        str(job.start) if job.start else None,
        processes.count,
    )
    run = assess(job.pair, model, kind.route, job.store, job.out, data, splits, described)
    run.save()
    (job.out / CHECKPOINT).unlink(missing_ok=True)
    return run


def _model(job: TrainJob, kind: Architecture) -> Model:
    model = kind.make(job.seed, job.epochs)
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
