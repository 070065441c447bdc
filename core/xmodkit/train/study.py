"""The data-efficiency study: the same model trained from scratch on disjoint subsets."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xmodkit.errors import DataError, UsageError
from xmodkit.evaluation import TRAINING_MEAN
from xmodkit.modality import Arrays
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route, Sample
from xmodkit.scores import error_scores
from xmodkit.train.data import Dataset, load_dataset, samples_at
from xmodkit.train.fit import Epoch, fit
from xmodkit.train.judge import predict_raw
from xmodkit.train.settings import identity
from xmodkit.train.splits import split_by_group

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
    split_by: str = "plate"
    resume: bool = False


@dataclass(frozen=True)
class Training:
    """One training: its subset, and its scores on the fixed test rows."""

    share: float
    number: int
    samples: int
    r2_mean: float
    r2_min: float
    mae: float
    rmse: float
    seconds: float


@dataclass(frozen=True)
class Study:
    """A finished study: its trainings, and R2 (mean over channels) of baselines on all rows."""

    settings: Mapping[str, Any]
    trainings: tuple[Training, ...]
    baselines: Mapping[str, float]

    @property
    def summary(self) -> dict[str, Any]:
        """Return median, quartiles and ends of R2 for every size, as plain JSON values."""
        sizes = sorted({t.samples for t in self.trainings})
        return {
            **self.settings,
            "baselines_r2": dict(self.baselines),
            "sizes": [self._of(size) for size in sizes],
        }

    def _of(self, size: int) -> dict[str, Any]:
        r2 = [t.r2_mean for t in self.trainings if t.samples == size]
        names = ("min", "q25", "median", "q75", "max")
        quantiles = np.quantile(r2, (0, 0.25, 0.5, 0.75, 1))
        return {
            "samples": size,
            "trainings": len(r2),
            "r2": dict(zip(names, (float(q) for q in quantiles), strict=True)),
            "mae": float(np.mean([t.mae for t in self.trainings if t.samples == size])),
            "seconds": float(np.mean([t.seconds for t in self.trainings if t.samples == size])),
        }


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
    model = _fresh(job, 0)
    route = job.pair.route(model.routes[0])
    data = load_dataset(job.store, job.pair, route, model, job.split_by)
    splits = split_by_group(data.ids, data.groups, job.seed, contents=data.contents)
    settings = {
        **identity(job.pair, model, job.seed, data, splits, 1),
        "route": route.name,
        "split by": job.split_by,
        "parts": [[part.share, part.count] for part in job.parts],
        "training rows": len(splits["train"]),
        "test rows": len(splits["test"]),
        "simulated": any(bool(m.get("simulated")) for m in data.metadata),
    }
    done = _begin(job, settings)
    planned = list(_subsets(job, splits["train"]))
    test = list(samples_at(job.store, job.pair, route, splits["test"]))
    validation = data.part(splits["validation"])
    for seed, (part, number, rows) in enumerate(planned, start=job.seed + 1):
        if (part.share, number) in done:
            continue
        done[part.share, number] = found = _train(
            job, data, validation, route, test, part, number, rows, seed, epoch
        )
        _append(job.out / "results.csv", found)
        report(len(done), len(planned), found)
    ordered = tuple(done[part.share, number] for part, number, _ in planned)
    return Study(settings, ordered, _baselines(job, model, route, splits["train"], test))


def _train(
    job: StudyJob,
    data: Dataset,
    validation: Arrays,
    route: Route,
    test: Sequence[Sample],
    part: Parts,
    number: int,
    rows: NDArray[np.int64],
    seed: int,
    epoch: Callable[[Epoch], None],
) -> Training:
    started = time.perf_counter()
    model = _fresh(job, seed)
    fit(model, data.part(rows), validation, seed, epoch)
    outcome = predict_raw(job.pair, route, model, test)
    name = next(iter(outcome.truth))
    scores = error_scores(_flat(outcome.truth[name]), _flat(outcome.value[name]))
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


def _fresh(job: StudyJob, seed: int) -> Model:
    torch.manual_seed(seed)
    model = job.pair.models()[job.model]()
    if job.epochs is not None:
        model.stages = tuple(replace(stage, epochs=job.epochs) for stage in model.stages)
    return model


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
    truths, known = _targets(model, route, test), _targets(model, route, training)
    name = next(iter(truths))
    mean = np.broadcast_to(known[name].mean(axis=0), truths[name].shape)
    predicted = {n: f[name] for n, f in job.pair.baselines(route, training, test).items()}
    return {
        peer: error_scores(_flat(truths[name]), _flat(value))["r2_mean"]
        for peer, value in (predicted | {TRAINING_MEAN: mean}).items()
    }


def _targets(model: Model, route: Route, samples: Sequence[Sample]) -> dict[str, NDArray[Any]]:
    rows = [model.target(route.name, sample) for sample in samples]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _flat(array: NDArray[Any]) -> NDArray[np.float32]:
    return array.reshape(len(array), -1).astype(np.float32, copy=False)


def _begin(job: StudyJob, settings: Mapping[str, Any]) -> dict[tuple[float, int], Training]:
    """Open the study's folder and return the results that stand in it."""
    seal, results = job.out / "study.json", job.out / "results.csv"
    if not seal.exists():
        job.out.mkdir(parents=True, exist_ok=True)
        results.unlink(missing_ok=True)
        _append(results, None)
        part = seal.with_name("study.json.part")
        part.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        part.replace(seal)
        return {}
    if not job.resume:
        raise UsageError(f"{job.out}: holds a study; --resume goes on with it")
    found = json.loads(seal.read_text(encoding="utf-8"))
    wanted = json.loads(json.dumps(settings))
    for name, value in wanted.items():
        if found.get(name) != value:
            raise UsageError(
                f"{job.out}: was begun with another {name}; resume with the same, or give another "
                "--out"
            )
    return {(t.share, t.number): t for t in _read(results)}


def _append(path: Path, training: Training | None) -> None:
    """Add one line, in one write that is on disk when this returns; None adds the header."""
    line = io.StringIO()
    row = [f.name for f in fields(Training)] if training is None else astuple(training)
    csv.writer(line, lineterminator="\n").writerow(row)
    with path.open("ab") as file:
        file.write(line.getvalue().encode())
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> list[Training]:
    """Return the whole lines of a table of results, and cut off a torn one."""
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    rows = list(csv.reader(io.StringIO(whole.decode())))[1:]
    return [
        Training(float(share), int(number), int(samples), *map(float, scores))
        for share, number, samples, *scores in rows
    ]
