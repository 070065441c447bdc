"""Judge a finished run on samples it never saw, beside floors and other runs."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit.evaluation import TRAINING_MEAN, Candidate, Evaluation
from xmodkit.measured import mean, measured
from xmodkit.modality import Array, Arrays, coordinates
from xmodkit.pair import ModalityPair, Route, Sample
from xmodkit.prediction import Prediction, Value
from xmodkit.reading import samples_in_store
from xmodkit.train.data import samples_at
from xmodkit.train.inference import run_samples
from xmodkit.train.run import Run
from xmodkit.train.unseen import RowChoice, Seen, StoreIndex, choose_rows

__all__ = ["EvaluationJob", "candidate", "evaluate"]

Progress = Callable[[int, int], None]

_REFERENCE_ROWS = 5000  # more training rows move neither mean nor quantiles nor a small ridge


@dataclass(frozen=True)
class EvaluationJob:
    """All that one evaluation is told; `runs` starts with the one to judge."""

    pair: ModalityPair
    runs: tuple[Path, ...]
    store: Path
    rows: RowChoice = "all-unseen"
    seed: int = 0


def evaluate(
    job: EvaluationJob,
    say: Callable[[str], None] = lambda _: None,
    progress: Progress = lambda *_: None,
) -> Evaluation:
    """Predict every sample of a store that no run saw, and gather what a report needs.

    `say` is told what is being done, `progress` how many samples are predicted, of how many.

    Raise `DataError` if nothing is left to judge, `InputError` if a folder holds no finished run
    or its split is not known.
    """
    runs = [Run.load(folder, job.pair) for folder in job.runs]
    job = replace(job, pair=runs[0].pair)
    route = runs[0].route
    seen = [
        replace(Seen.load(run.folder, str(run.settings["split"]["by"])), run=name)
        for run, name in zip(runs, _names(job.runs), strict=True)
    ]
    say(f"reading {job.store}")
    index = StoreIndex.of(samples_in_store(job.store, job.pair, route, every_modality=True))
    rows, left_out = choose_rows(index, seen, job.rows)
    if not rows:
        reasons = "; ".join(f"{n} {reason}" for reason, n in left_out.items()) or "it is empty"
        advice = "give samples of its own"
        if "folds" in runs[0].settings["split"]:
            advice = (
                f"{runs[0].folder} is cross-fitted and knows every row it was given: its "
                f"out-of-fold scores stand in metrics.json there; {advice}"
            )
        raise DataError(f"{job.store}: no sample left to judge ({reasons}); {advice}")
    trained = index.rows_in(seen[0], "train")
    kept = np.random.default_rng(job.seed).permutation(trained)[:_REFERENCE_ROWS]
    picked = _samples(job, route, {*rows, *(int(i) for i in kept)})
    model = runs[0].model
    unmeasured = {i for i, s in picked.items() if not measured(model.target(route.name, s))}
    if missing := len(unmeasured.intersection(rows)):
        rows = [i for i in rows if i not in unmeasured]
        left_out |= {f"of whose {route.target} nothing was measured": missing}
        if not rows:
            raise DataError(
                f"{job.store}: of no sample was anything of the {route.target} measured"
            )
    samples = [picked[i] for i in rows]
    reference = [picked[i] for i in sorted({int(i) for i in kept} - unmeasured)]
    candidates = [
        candidate(run, job.pair, name, progress)
        for run, name in zip(runs, _names(job.runs), strict=True)
    ]
    say(f"predicting {len(samples)} samples")
    prediction = candidates[0].predict(route.name, samples, None)
    truth = candidates[0].targets(route.name, samples)
    groups, known = _groups(index, rows, trained, seen[0])
    return Evaluation(
        pair=job.pair,
        route=route,
        runs=tuple(candidates),
        samples=samples,
        truth=truth,
        prediction=prediction,
        peers=_peers(job.pair, route, candidates, prediction, truth, samples, reference),
        reference=reference,
        groups=groups,
        seen=known,
        left_out=left_out,
        store=str(job.store),
        rows=job.rows,
        coverage=runs[0].calibration.coverage,
        bounds_source=runs[0].calibration.source,
        seed=job.seed,
    )


def candidate(
    run: Run, pair: ModalityPair, name: str, progress: Progress = lambda *_: None
) -> Candidate:
    """Return a run as something that can be judged; `progress` is told of all that it predicts."""
    with (run.folder / "losses.csv").open(newline="", encoding="utf-8") as file:
        losses = [_numbers(row) for row in csv.DictReader(file)]
    predict = partial(_predict, run, pair, progress)
    return Candidate(name, run.settings, tuple(run.routes), losses, run.model, predict)


def _predict(
    run: Run,
    pair: ModalityPair,
    progress: Progress,
    route_name: str,
    samples: Sequence[Sample],
    like: Sample | None,
) -> Prediction:
    """Predict samples on any of a run's routes; further inputs are those of the sample `like`."""
    route = pair.route(route_name)
    calibration = run.judged(route).calibration
    further = run.model.inputs(route.name, like)
    found = run_samples(run.graph(route).named, pair, route, samples, further, progress)
    fields = {
        field.name: Value(
            found[tensor],
            found.get(f"{tensor}_lower"),
            found.get(f"{tensor}_upper"),
            field.unit,
            field.axes,
        )
        for field in run.outputs(route)
        if (tensor := route.tensor(field.name))
    }
    novel = found["novel"]
    known = coordinates(axis for value in fields.values() for axis in value.axes)
    derived = pair.derive({**{name: value.value for name, value in fields.items()}, **known}, route)
    return Prediction(
        fields=fields,
        derived=calibration.bound(derived, novel),
        novelty=found["novelty"],
        novel=novel,
        latent=found.get("latent"),
        bounds_source=calibration.sources(
            novel, len(samples), [value.lower for value in fields.values()]
        ),
    )


def _samples(job: EvaluationJob, route: Route, wanted: set[int]) -> dict[int, Sample]:
    rows = np.array(sorted(wanted))
    found = samples_at(job.store, job.pair, route, rows)
    return {sample.ordinal: sample for sample in found}


def _peers(
    pair: ModalityPair,
    route: Route,
    candidates: Sequence[Candidate],
    prediction: Prediction,
    truth: Arrays,
    samples: Sequence[Sample],
    reference: Sequence[Sample],
) -> dict[str, Arrays]:
    """Return predicted fields by name: runs, then baselines, then the training mean."""
    peers: dict[str, Arrays] = {candidates[0].name: _values(prediction, truth)}
    for other in candidates[1:]:
        if route.name in other.routes:
            found = _values(other.predict(route.name, samples, None), truth)
            shapes = [found[name].shape == truth[name].shape for name in truth if name in found]
            if shapes and all(shapes):
                peers[other.name] = found  # else it predicts at another resolution
    if reference:
        baselines = pair.baselines(route, reference, samples)
        peers.update({name: _as_float(fields, truth) for name, fields in baselines.items()})
    known = candidates[0].targets(route.name, reference or samples)
    peers[TRAINING_MEAN] = {
        name: np.broadcast_to(mean(array), (len(samples), *array.shape[1:]))
        for name, array in known.items()
    }
    return peers


def _values(prediction: Prediction, truth: Arrays) -> Arrays:
    return _as_float({name: value.value for name, value in prediction.fields.items()}, truth)


def _as_float(arrays: Arrays, scored: Arrays) -> dict[str, Array]:
    """Return fields that have a truth in single precision; an ensemble stays as small as it is."""
    return {
        name: array.astype(np.float32, copy=False) if name in scored else array
        for name, array in arrays.items()
    }


def _groups(
    index: StoreIndex, rows: Sequence[int], trained: Sequence[int], seen: Seen
) -> tuple[dict[str, NDArray[np.str_]], dict[str, NDArray[np.bool_]]]:
    """Return each kind of group's name per judged row, and whether training saw that group."""
    kinds = sorted({kind for i in rows for kind in index.groups[i]})
    names = {
        kind: np.array([index.groups[i].get(kind, index.contents[i]) for i in rows])
        for kind in kinds
    }
    known = {kind: {index.groups[i].get(kind) for i in trained} for kind in kinds}
    if seen.by in known:
        known[seen.by] |= {name for name, parts in seen.groups.items() if "train" in parts}
    return names, {kind: np.array([name in known[kind] for name in names[kind]]) for kind in kinds}


def _names(folders: Sequence[Path]) -> list[str]:
    """Return the runs' folder names, or their paths where two are called alike."""
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def _numbers(row: Mapping[str, str]) -> dict[str, Any]:
    return {key: value if key == "stage" else float(value) for key, value in row.items()}
