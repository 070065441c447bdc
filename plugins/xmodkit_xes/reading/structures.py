"""Turn one file of structures, whatever its format, into samples with their absorbing atoms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xmodkit.pair import Failure, Sample
from xmodkit.structures.checks import check_frame
from xmodkit.structures.elements import symbol
from xmodkit.structures.files import read_samples
from xmodkit.structures.frame import Frame
from xmodkit.structures.purpose import Purpose
from xmodkit_xes.reading.absorbers import Absorber

__all__ = ["read_structures"]

_PURPOSE = Purpose("xes", "cut out the part around the absorbing atoms")


def read_structures(path: Path, absorber: Absorber) -> Iterator[Sample | Failure]:
    """Yield a sample per structure of a file, with every atom that `absorber` chooses.

    Arrays are those of STRUCTURE. A file of one structure gives its name to it; of several, each
    is `<name>-000`, numbered from 0. A structure that cannot be read, is refused by `checks` or
    holds no absorber is a failure; the others go on.
    """

    def sample(frame: Frame, key: str, number: int) -> Sample:
        return _sample(frame, absorber, path, key, number)

    return read_samples(path, _PURPOSE, sample)


def _sample(frame: Frame, absorber: Absorber, path: Path, key: str, number: int) -> Sample:
    check_frame(frame, _PURPOSE)
    sites = absorber.sites(frame.numbers)
    structure = {
        "numbers": frame.numbers,
        "positions": frame.positions.astype(np.float32),
        "cell": frame.cell.astype(np.float32),
        "sites": sites,
    }
    elements = sorted({symbol(int(number)) for number in frame.numbers})
    known = {"elements": "-".join(elements), "atoms": len(frame.numbers), "sites": len(sites)}
    if frame.title:
        known["title"] = frame.title
    return Sample(
        key,
        {"structure": structure},
        str(path),
        number,
        {"absorber": symbol(int(frame.numbers[sites[0]])), **known},
        notices=frame.notices,
    )
