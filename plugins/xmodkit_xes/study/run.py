"""Run `xmod study components`: read a store, compare the methods, write tables and pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.errors import InputError, UsageError
from xmodkit.output import make_folder
from xmodkit.replacing import replacing
from xmodkit.scores import finite
from xmodkit.studies import Progress, StudyRequest, StudyResult
from xmodkit_xes.study.compare import Problem, compare
from xmodkit_xes.study.descriptor import Descriptor, Standard, descriptor
from xmodkit_xes.study.fits import Fit
from xmodkit_xes.study.options import Chosen, chosen
from xmodkit_xes.study.parameters import parameters, spearman
from xmodkit_xes.study.pictures import write_pictures
from xmodkit_xes.study.rows import Floats, Rows, load_rows, spectrum_in
from xmodkit_xes.study.score import Judge, squared_errors
from xmodkit_xes.study.split import Parts, parts
from xmodkit_xes.study.table import Line, as_text, lines_of, write_csv
from xmodkit_xes.study.target import chosen_windows, target

__all__ = ["FLOOR", "floor", "run"]

FLOOR = "training mean"
_SEAL = "study.json"


def run(request: StudyRequest, progress: Progress) -> StudyResult:
    """Compare EDNN, NNCA, ECA, PLS and PCA on the samples of a store.

    Written are `table.csv`, `summary.json`, pictures and, for `resume`, what each fit found. Raise
    `UsageError` if the folder holds a study and `resume` is not given, or one of other settings.
    """
    options = chosen(request.options)
    spectrum = spectrum_in(request.store, options.spectrum)
    rows = load_rows(request.store, request.pair, spectrum, request.split_by)
    split = parts(rows, request.seed)
    features, described = _features(rows, split, options)
    windows = chosen_windows(rows, spectrum, options.windows) if options.target == "moments" else ()
    aim = target(rows, options.target, windows, split.train)
    standard = Standard(features[split.train], described.clip)
    settings = {
        "study": "components",
        "spectrum": spectrum,
        "target": options.target,
        "windows": {window.name: [window.low, window.high] for window in windows},
        "descriptor": described.name,
        "features": len(described.names),
        "split by": request.split_by,
        "seed": request.seed,
        "search": options.search,
        "samples": len(rows),
        "training rows": len(split.train),
        "test rows": len(split.test),
        "test units": len({rows.units[row] for row in split.test}),
        "data": str(rows.metadata.get("data", "")),
        "simulated": bool(rows.metadata.get("simulated")),
    }
    _open(request.out, settings | {"rows": _digest(rows)}, resume=request.resume)
    problem = Problem(standard(features), aim.values, rows.units, split, aim.undo, aim.relative)
    fits = compare(problem, options.ks, request.seed, options.search, request.out, progress)
    lines = _lines(problem, fits, request.seed)
    ordered = _ordered(rows, described, features)
    summary = {
        **settings,
        "lines": [finite(vars(line)) for line in lines],
        "rank correlations": _correlations(fits, ordered),
    }
    write_csv(request.out / "table.csv", lines)
    _write(request.out / "summary.json", summary)
    source = f"{'simulated' if settings['simulated'] else 'measured'} spectra"
    notes = write_pictures(request.out, fits, lines, described, ordered, aim.relative, source)
    return StudyResult(summary, (*as_text(lines), f"on {source}", *notes))


def floor(problem: Problem) -> Fit:
    """Return what the mean of the training rows covers, as a fit."""
    mean = problem.y[problem.parts.train].mean(axis=0)
    nothing = np.zeros((0, 0))
    errors = squared_errors(problem.y, np.broadcast_to(mean, problem.y.shape))
    return Fit(FLOOR, 0, errors, nothing, nothing, nothing, nothing, 0.0, "")


def _features(rows: Rows, split: Parts, options: Chosen) -> tuple[Floats, Descriptor]:
    """Return features (N, feature) of all rows; what the descriptor fits, training rows fit."""
    training = rows.clusters_of(split.train)
    described = descriptor(options.descriptor, rows.numbers[training], options.neighbours)
    return rows.average(described(rows.numbers, rows.positions)), described


def _lines(problem: Problem, fits: Sequence[Fit], seed: int) -> list[Line]:
    where = {"train": problem.parts.train, "test": problem.parts.test}
    judges = {
        part: Judge(problem.y[at], [problem.units[row] for row in at], seed)
        for part, at in where.items()
    }
    return lines_of([floor(problem), *fits], judges, where)


def _ordered(rows: Rows, described: Descriptor, features: Floats) -> Mapping[str, Floats]:
    """Return the ordered parameters (N,): a triatomic molecule's are its own coordinates."""
    if described.name == "internal":
        return dict(zip(described.names, features.T, strict=True))
    found = parameters(rows.numbers, rows.positions)
    return {name: rows.average(value[:, None])[:, 0] for name, value in found.items()}


def _correlations(fits: Sequence[Fit], ordered: Mapping[str, Floats]) -> dict[str, Any]:
    """Return the rank correlation of every score with every ordered parameter, over all rows."""
    return {
        f"{fit.method} k={fit.k}": {
            name: [round(spearman(t, value), 3) for t in fit.scores.T]
            for name, value in ordered.items()
        }
        for fit in fits
        if fit.k
    }


def _open(folder: Path, settings: Mapping[str, Any], *, resume: bool) -> None:
    """Make the study's folder, or check that the one there is of the same study."""
    seal = folder / _SEAL
    wanted = json.loads(json.dumps(settings))
    if not seal.exists():
        make_folder(folder, "--out")
        _write(seal, wanted)
        return
    if not resume:
        raise UsageError(f"{folder}: holds a study; --resume goes on with it")
    try:
        found = dict(json.loads(seal.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(f"{seal}: not the settings of a study; give another --out") from error
    for name, value in wanted.items():
        if found.get(name) != value:
            raise UsageError(
                f"{folder}: was begun with another {name}; resume with the same, or give another "
                "--out"
            )


def _write(path: Path, values: Mapping[str, Any]) -> None:
    with replacing(path) as partial:
        partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def _digest(rows: Rows) -> str:
    return hashlib.sha256("\n".join(rows.contents).encode()).hexdigest()
