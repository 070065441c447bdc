"""The table of a study: covered variance of every method at every number of components."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit.replacing import replacing
from xmodkit.text import aligned
from xmodkit_xes.study.fits import Fit
from xmodkit_xes.study.methods import METHODS, PEER
from xmodkit_xes.study.score import Judge

__all__ = ["Line", "as_text", "lines_of", "write_csv"]


@dataclass(frozen=True)
class Line:
    """Covered variance of one method with k components; k is 0 for what has none.

    `low` and `high` are the 95 % interval of the test rows' units, `gain` is the difference from
    partial least squares at equal k, with its paired interval.
    """

    method: str
    k: int
    test: float
    low: float
    high: float
    train: float
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    seconds: float = 0.0
    settings: str = ""


def lines_of(
    fits: Sequence[Fit], judges: Mapping[str, Judge], rows: Mapping[str, NDArray[np.int64]]
) -> list[Line]:
    """Return one line a fit; `judges` and `rows` are of the parts `train` and `test`."""
    peers = {fit.k: fit.errors[rows["test"]] for fit in fits if fit.method == PEER}
    judge = judges["test"]
    lines = []
    for fit in fits:
        errors = fit.errors[rows["test"]]
        low, high = judge.interval(errors)
        line = Line(
            fit.method,
            fit.k,
            judge.covered(errors),
            low,
            high,
            judges["train"].covered(fit.errors[rows["train"]]),
            seconds=fit.seconds,
            settings=fit.settings,
        )
        if fit.k and fit.method != PEER:
            gain, gain_low, gain_high = judge.gain(errors, peers[fit.k])
            line = replace(line, gain=gain, gain_low=gain_low, gain_high=gain_high)
        lines.append(line)
    return lines


def write_csv(path: Path, lines: Sequence[Line]) -> None:
    """Write the table; a kill leaves the old one or the new one."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(Line.__dataclass_fields__))
        writer.writeheader()
        writer.writerows(asdict(line) for line in lines)


def as_text(lines: Sequence[Line]) -> list[str]:
    """Return the table as people read it: a row a method, a column a number of components."""
    ks = sorted({line.k for line in lines if line.k})
    head = ["covered variance", *(f"k={k}: test (95 %)  train" for k in ks)]
    found = {(line.method, line.k): line for line in lines}
    rows = [[method, *(_cell(found[method, k]) for k in ks)] for method in METHODS]
    whole = [[line.method, _cell(line)] + [""] * (len(ks) - 1) for line in lines if not line.k]
    return aligned([head, *rows, *whole])


def _cell(line: Line) -> str:
    return f"{line.test:6.3f} ({line.low:6.3f} to {line.high:6.3f})  {line.train:6.3f}"
