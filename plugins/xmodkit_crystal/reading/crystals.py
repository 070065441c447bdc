"""Turn one file of crystal structures, whatever its format, into samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.pair import Failure, Sample
from xmodkit.structures.files import read_samples
from xmodkit.structures.frame import Frame
from xmodkit_crystal.reading.arrays import to_arrays, to_crystal
from xmodkit_crystal.reading.checks import PURPOSE, check_crystal
from xmodkit_crystal.simulator.samples import crystal_sample
from xmodkit_crystal.structure import Crystal

__all__ = ["crystal_of", "read_crystals", "to_arrays", "to_crystal"]


def read_crystals(path: Path) -> Iterator[Sample | Failure]:
    """Yield a sample per structure of a file, with the arrays of CRYSTAL and its reduced formula.

    Formats are those of `xmodkit.structures.files`. A file of one structure gives its name to it;
    of several, each is `<name>-000`, numbered from 0. A structure that cannot be read or that
    `checks` refuses is a failure; the others go on. Raise `MissingExtraError` without ASE.
    """

    def sample(frame: Frame, key: str, number: int) -> Sample:
        crystal = crystal_of(frame)
        known: dict[str, Any] = {"atoms": len(crystal)}
        if frame.title:
            known["title"] = frame.title
        read = crystal_sample(crystal, key, known, source=str(path), ordinal=number)
        return replace(read, notices=frame.notices)

    return read_samples(path, PURPOSE, sample)


def crystal_of(frame: Frame) -> Crystal:
    """Return what a file or another library holds as a crystal, fractional positions in [0, 1).

    Raise `InputError` for what `check_crystal` refuses, `MissingExtraError` without SciPy.
    """
    check_crystal(frame)
    fractional = np.asarray(frame.positions @ np.linalg.inv(frame.cell))
    # twice: the first gives 1.0 of what lies just below 0
    return Crystal(frame.numbers.astype(np.int64), fractional % 1.0 % 1.0, frame.cell)
