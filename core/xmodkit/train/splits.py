"""Split samples into training, validation, calibration and test rows, whole groups at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError

__all__ = ["PARTS", "Splits", "split_by_group"]

PARTS = ("train", "validation", "calibration", "test")
_FRACTIONS = {"train": 0.60, "validation": 0.03, "calibration": 0.12, "test": 0.25}


@dataclass(frozen=True)
class Splits:
    """Row numbers of each part, and a hash of which sample went where."""

    rows: Mapping[str, NDArray[np.int64]]
    hash: str

    def __getitem__(self, part: str) -> NDArray[np.int64]:
        return self.rows[part]


def split_by_group(
    ids: Sequence[str],
    groups: Sequence[str],
    seed: int,
    fractions: Mapping[str, float] = _FRACTIONS,
) -> Splits:
    """Assign every group to one part by a hash of its name, so that no group is ever split.

    A group keeps its part when samples are added. Raise `DataError` if a part stays empty.
    """
    ends = np.cumsum([fractions[part] for part in PARTS])
    places = np.array([_fraction(f"{seed}/{group}") for group in groups]) * ends[-1]
    parts = np.minimum(np.searchsorted(ends, places, side="right"), len(PARTS) - 1)
    rows = {part: np.flatnonzero(parts == i) for i, part in enumerate(PARTS)}
    if empty := [part for part in PARTS if not len(rows[part])]:
        raise DataError(
            f"{len(ids)} samples in {len(set(groups))} groups leave no {', '.join(empty)} rows: "
            "give more samples"
        )
    lines = sorted(f"{i}\t{PARTS[p]}" for i, p in zip(ids, parts, strict=True))
    return Splits(rows, hashlib.sha256("\n".join(lines).encode()).hexdigest())


def _fraction(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
