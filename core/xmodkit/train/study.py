"""The data-efficiency study: the same model trained from scratch on disjoint subsets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit import measured
from xmodkit.errors import DataError, UsageError
from xmodkit.evaluation import TRAINING_MEAN
from xmodkit.modality import Arrays, stacked
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Options, Route, Sample
from xmodkit.scores import error_scores, flat
from xmodkit.train.architecture import Architecture
from xmodkit.train.data import Dataset, data_source, load_dataset, samples_at
from xmodkit.train.fit import Epoch, fit
from xmodkit.train.raw import predict_raw
from xmodkit.train.settings import identity
from xmodkit.train.splits import split_by_group
from xmodkit.train.trainings import Study, Training, append_result, open_results

__all__ = ["PUBLISHED_PARTS", "Parts", "Study", "StudyJob", "Training", "run_study"]


@dataclass(frozen=True)
class Parts:
    """`count` disjoint subsets, each a `share` of the training rows."""

    share: float
    count: int

    @classmethod
    def parse(cls, text: str) -> tuple[Parts, ...]:
        """Read `0.2x5,1/30x30`; raise `UsageError` for what cannot be cut disjointly."""
        try:
            pieces = [piece.lower().split("x") for piece in text.split(",")]
            parts = tuple(cls(float(Fraction(share)), int(count)) for share, count in pieces)
        except (ValueError, ZeroDivisionError):
            raise UsageError(f"--parts {text!r}: SHARExCOUNT,... expected: 0.2x5,0.1x10") from None
        if len({part.share for part in parts}) < len(parts):
            raise UsageError(f"--parts {text!r}: each share once")
        for part in parts:
            if part.count < 1 or not 0 < part.share * part.count <= 1 + 1e-6:
                raise UsageError(
                    f"--parts {text!r}: {part.count} disjoint subsets of a share of {part.share:g} "
                    "cannot be cut; their sum must lie between 0 and 1"
                )
        return parts


# Stein et al. 2019: 145 trainings.
PUBLISHED_PARTS = (Parts(0.2, 5), Parts(0.1, 10), Parts(1 / 30, 30), Parts(0.01, 100))


@dataclass(frozen=True)
class StudyJob:
    """All that one study is told."""

    pair: ModalityPair
    model: str
    store: Path
    out: Path
    parts: tuple[Parts, ...] = PUBLISHED_PARTS
    epochs: int | None = None
    seed: int = 0
    split_by: str | None = None  # the pair's own
    resume: bool = False
    route: Route | None = None
    options: Options = field(default_factory=dict)


def run_study(
    job: StudyJob,
    report: Callable[[int, int, Training], None] = lambda *_: None,
    epoch: Callable[[Epoch], None] = lambda _: None,
) -> Study:
    """Train on every subset that has no result yet, score each on the same test rows.

    `results.csv` grows by one whole line a training: after a kill, `resume` loses that training
    alone. Raise `UsageError` if the folder holds a study and `resume` is not given, or one of
    other settings; `DataError` if a subset stays empty.
    """
    kind = Architecture.of_store(job.pair, job.model, job.store, job.route, job.options)
    job = replace(job, pair=kind.pair)
    model, route = kind.make(job.seed, job.epochs), kind.route
    split_by = job.split_by or job.pair.split_by
    data = load_dataset(job.store, job.pair, route, model, split_by)
    splits = split_by_group(data.ids, data.groups, job.seed, contents=data.contents)
    settings = {
        **identity(kind, model, job.seed, data, splits, 1),
        "route": route.name,
        "split by": split_by,
        "parts": [[part.share, part.count] for part in job.parts],
        "training rows": len(splits["train"]),
        "test rows": len(splits["test"]),
        "simulated": data_source(data) == "simulated",
    }
    done = open_results(job.out, settings, resume=job.resume)
    planned = list(_subsets(job, splits["train"]))
    test = list(samples_at(job.store, job.pair, route, splits["test"]))
    validation = data.part(splits["validation"])
    for seed, (part, number, rows) in enumerate(planned, start=job.seed + 1):
        if (part.share, number) in done:
            continue
        done[part.share, number] = found = _train(
            job, kind, data, validation, test, part, number, rows, seed, epoch
        )
        append_result(job.out, found)
        report(len(done), len(planned), found)
    ordered = tuple(done[part.share, number] for part, number, _ in planned)
    return Study(settings, ordered, _baselines(job, model, route, splits["train"], test))


def _train(
    job: StudyJob,
    kind: Architecture,
    data: Dataset,
    validation: Arrays,
    test: Sequence[Sample],
    part: Parts,
    number: int,
    rows: NDArray[np.int64],
    seed: int,
    epoch: Callable[[Epoch], None],
) -> Training:
    started = time.perf_counter()
    model = kind.make(seed, job.epochs)
    fit(model, data.part(rows), validation, seed, epoch)
    outcome = predict_raw(job.pair, kind.route, model, test)
    name = next(iter(outcome.truth))
    scores = error_scores(flat(outcome.truth[name]), flat(outcome.value[name]))
    return Training(
        part.share,
        number,
        len(rows),
        scores["r2_mean"],
        scores["r2_min"],
        scores["mae"],
        scores["rmse"],
        time.perf_counter() - started,
    )


def _subsets(
    job: StudyJob, rows: NDArray[np.int64]
) -> Iterator[tuple[Parts, int, NDArray[np.int64]]]:
    """Yield each size's subsets, disjoint among themselves, drawn anew for every size."""
    for place, part in enumerate(job.parts):
        size = int(part.share * len(rows) + 1e-9)
        if size < 2:
            raise DataError(
                f"a share of {part.share:g} of {len(rows)} training rows is {size}; at least 2 "
                "expected: give more samples or larger parts"
            )
        drawn = np.random.default_rng([job.seed, place]).permutation(rows)
        for number in range(part.count):
            yield part, number, np.sort(drawn[number * size : (number + 1) * size])


def _baselines(
    job: StudyJob, model: Model, route: Route, rows: NDArray[np.int64], test: Sequence[Sample]
) -> dict[str, float]:
    """Return R2 on the test rows of what needs no network, fitted on all training rows."""
    training = list(samples_at(job.store, job.pair, route, rows))
    truths, known = (
        stacked([model.target(route.name, sample) for sample in samples])
        for samples in (test, training)
    )
    name = next(iter(truths))
    mean = np.broadcast_to(measured.mean(known[name]), truths[name].shape)
    baselines = job.pair.baselines(route, training, test)
    predicted = {n: fields[name] for n, fields in baselines.items() if name in fields}
    return {
        peer: error_scores(flat(truths[name]), flat(value))["r2_mean"]
        for peer, value in (predicted | {TRAINING_MEAN: mean}).items()
    }
