"""Read and write decay files: text, one or more curves, each after a line `# decay NAME`.

# decay dye-7
0.00, 1204
0.25, 1098
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from xmodkit import Failure, InputError, Sample
from xmodkit.modality import Arrays
from xmodkit_decay.modalities import MOST_COUNTS

__all__ = ["SUFFIX", "read_decays", "write_decays"]

SUFFIX = ".decay"
_FEWEST_POINTS = 3
_NAME = re.compile(r"[\w.-]+", re.ASCII)  # it names the sample's report


def read_decays(path: Path) -> Iterator[Sample | Failure]:
    """Yield the curves of a file in order, and a failure for each that cannot be read.

    Raise `InputError` if it is no decay file at all.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    before, *curves = re.split(r"^# decay ", text, flags=re.MULTILINE)
    if before.strip() or not curves:
        raise InputError(f"{path}: no decay file; its first line must be '# decay NAME'")
    for ordinal, curve in enumerate(curves):
        name, *rows = (line.strip() for line in curve.splitlines())
        try:
            arrays = _parse(name, [row for row in rows if row])
        except ValueError as error:
            yield Failure(name, str(path), f"{path}: curve {name!r}: {error}", ordinal)
            continue
        yield Sample(f"{path.stem}-{name}", {"decay": arrays}, str(path), ordinal)


def write_decays(path: Path, samples: Iterable[Sample]) -> Path:
    """Write the curves of some samples to one file and return its path."""
    with path.open("w", encoding="utf-8") as file:
        for sample in samples:
            decay = sample.arrays["decay"]
            file.write(f"# decay {sample.id}\n")
            for time, counts in zip(decay["time"], decay["counts"], strict=True):
                file.write(f"{time}, {counts}\n")
    return path


def _parse(name: str, rows: Sequence[str]) -> Arrays:
    """Return time and counts; raise `ValueError` saying what is wrong with them."""
    if not _NAME.fullmatch(name):
        raise InputError("a name may hold letters, digits, '_', '.' and '-' only")
    if len(rows) < _FEWEST_POINTS:
        raise InputError(f"{len(rows)} points given, at least {_FEWEST_POINTS} expected")
    table = np.loadtxt(rows, delimiter=",", ndmin=2, comments=None)
    if table.shape[1] != 2:
        raise InputError(f"{table.shape[1]} columns given, 'time, counts' expected")
    time, counts = table[:, 0].astype(np.float32), table[:, 1]
    if not (np.diff(time) > 0).all():
        raise InputError("times must rise from point to point")
    if not ((counts >= 0) & (counts <= MOST_COUNTS) & (counts == np.round(counts))).all():
        raise InputError(f"counts must be whole numbers from 0 to {MOST_COUNTS}")
    return {"time": time, "counts": counts.astype(np.int32)}
