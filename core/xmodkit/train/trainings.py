"""The results of a study: a table that grows by one whole line a training, and its summary."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.errors import InputError, UsageError
from xmodkit.output import make_folder
from xmodkit.replacing import replacing

__all__ = ["Study", "Training", "append_result", "open_results"]

RESULTS = "results.csv"


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


def open_results(
    folder: Path, settings: Mapping[str, Any], *, resume: bool
) -> dict[tuple[float, int], Training]:
    """Open a study's folder and return the results that stand in it, by share and number.

    Raise `UsageError` if it holds a study and `resume` is not given, or one of other settings.
    """
    seal, results = folder / "study.json", folder / RESULTS
    header = ",".join(f.name for f in fields(Training))
    if not seal.exists():
        if results.exists() and results.read_text(encoding="utf-8").strip() != header:
            raise UsageError(f"{results}: is of no study; give another --out")
        make_folder(folder, "--out")
        with replacing(results) as partial:
            partial.write_text(f"{header}\n", encoding="utf-8")
        with replacing(seal) as partial:
            partial.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        return {}
    if not resume:
        raise UsageError(f"{folder}: holds a study; --resume goes on with it")
    try:
        found = dict(json.loads(seal.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(f"{seal}: not the settings of a study; give another --out") from error
    wanted = json.loads(json.dumps(settings))
    for name, value in wanted.items():
        if found.get(name) != value:
            raise UsageError(
                f"{folder}: was begun with another {name}; resume with the same, or give another "
                "--out"
            )
    return {(t.share, t.number): t for t in _read(results)}


def append_result(folder: Path, training: Training) -> None:
    """Add one training's result, which is on disk when this returns."""
    _append(folder / RESULTS, astuple(training))


def _append(path: Path, row: Sequence[Any]) -> None:
    """Add one line in one write."""
    line = io.StringIO()
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
