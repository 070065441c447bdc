"""Cross-fitting: every row calibrates and scores a model that was trained without it.

Where samples are few, none need be kept from the run's own model: K further models, each trained
without one fold, stand in for it. Bounds fitted on all their out-of-fold predictions go with the
final model, which knew more rows and errs less; coverage is scored with bounds of the other folds.
Source: Barber et al., Ann. Stat. 49, 486 (2021), CV+; here with one model's value for all bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xmodkit.errors import UsageError
from xmodkit.model import Model
from xmodkit.output import make_folder
from xmodkit.pair import Sample
from xmodkit.reading import samples_in_store
from xmodkit.train.architecture import Architecture
from xmodkit.train.assess import open_bounds, with_latent
from xmodkit.train.checkpoint import Checkpoint
from xmodkit.train.data import Dataset, data_source
from xmodkit.train.distributed import Processes
from xmodkit.train.fitting import fit_in_folder
from xmodkit.train.folder import CHECKPOINT, FOLDS, SPLIT, settle_folder
from xmodkit.train.folds import Folds, folds_by_group
from xmodkit.train.job import Progress, Report, TrainJob
from xmodkit.train.outcomes import load_outcomes, save_outcomes
from xmodkit.train.outoffold import judge_folds
from xmodkit.train.raw import Outcome, predict_raw
from xmodkit.train.run import Run, save_weights
from xmodkit.train.settings import identity, settings

__all__ = ["cross_fit"]

_OUTCOMES = "outcomes.npz"  # written last: a folder with it holds a finished fold


def cross_fit(
    job: TrainJob,
    kind: Architecture,
    model: Model,
    data: Dataset,
    processes: Processes,
    report: Report,
    progress: Progress,
) -> Run:
    """Train a model without each fold and `model` on all rows, calibrate, score, and save.

    A resumed training goes on with the fold that was interrupted. Raise `UsageError` in several
    processes, or if the folder holds another training.
    """
    if processes.count > 1:
        raise UsageError("--folds: trains small sets in one process; leave torchrun out")
    assert job.folds is not None
    stops = any(stage.epochs and stage.patience is not None for stage in model.stages)
    folds = folds_by_group(
        data.ids, data.groups, data.contents, job.seed, job.folds, validate=stops
    )
    settle_folder(job, processes)
    if notice := open_bounds(job.pair, model, len(data.ids)):
        progress(notice, 0)
    told = identity(kind, model, job.seed, data, folds, processes.count)
    if job.resume:
        Checkpoint(job.out / CHECKPOINT, told).load()  # refused now rather than after all folds
    samples = list(samples_in_store(job.store, job.pair, kind.route, every_modality=True))
    folds.save(job.out / SPLIT)
    outcomes = []
    for number in range(folds.count):
        progress(f"fold {number + 1} of {folds.count}", 0)
        outcomes.append(_fold(job, kind, data, folds, number, samples, told, report, progress))
    progress(f"the run's own model, on all {len(data.ids)} rows", 0)
    rows = folds["train"], folds["validation"]
    fit_in_folder(job, job.out, model, data, rows, told, {}, report, progress, processes)
    progress("calibrating and scoring", 0)
    known = with_latent(job.pair, model, samples)
    judged = {
        name: judge_folds(
            job.pair, model, job.pair.route(name), [fold[name] for fold in outcomes], folds, known,
            data_source(data),
        )
        for name in outcomes[0]
    }  # fmt: skip
    described = settings(kind, job.options, model, job.seed, data, folds, job.group, None, 1)
    run = Run(job.out, described, job.pair, model, judged)
    run.save()
    (job.out / CHECKPOINT).unlink(missing_ok=True)
    return run


def _fold(
    job: TrainJob,
    kind: Architecture,
    data: Dataset,
    folds: Folds,
    number: int,
    samples: Sequence[Sample],
    told: Mapping[str, Any],
    report: Report,
    progress: Progress,
) -> Mapping[str, Outcome]:
    """Train without a fold and return, and keep, what that model says of it, by route."""
    place, told = job.out / FOLDS / str(number + 1), {**told, "fold": number + 1}
    if (done := load_outcomes(place / _OUTCOMES, told)) is not None:
        return done
    model = kind.make(job.seed, job.epochs)
    rows = folds.without(number, "train"), folds.without(number, "validation")
    make_folder(place, "--out")
    fit_in_folder(job, place, model, data, rows, told, {}, report, progress, Processes())
    held = with_latent(job.pair, model, [samples[i] for i in folds.held(number)])
    routes = [job.pair.route(name) for name in model.routes]
    outcomes = {
        route.name: predict_raw(job.pair, route, model, held)
        for route in routes
        if route.source in held[0].arrays
    }
    save_weights(model, place)
    save_outcomes(place / _OUTCOMES, outcomes, told)
    (place / CHECKPOINT).unlink(missing_ok=True)
    return outcomes
