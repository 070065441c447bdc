"""Deal whole groups of samples to folds, each of which one model does without."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit.train.splits import Splits, hashed, joined_groups

__all__ = ["Folds", "folds_by_group"]

_VALIDATION = 0.1  # share of each fold's groups, where stages stop by their validation loss


@dataclass(frozen=True)
class Folds(Splits):
    """Which fold each sample is in, and whether models that learn from it train or validate on it.

    The model of a fold learns from all other folds, the run's own from all of them: its parts are
    `train` and `validation` alone.
    """

    folds: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many folds there are."""
        return max(self.folds) + 1

    @property
    def hash(self) -> str:
        """A hash of which sample is in which part and fold."""
        lines = sorted(
            f"{i}\t{part}\t{n}" for i, part, n in zip(self.ids, self.parts, self.folds, strict=True)
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def counts(self) -> dict[str, int]:
        """How many folds there are, and how many rows the run's own model learns from."""
        return {
            "folds": self.count,
            "train": len(self["train"]),
            "validation": len(self["validation"]),
        }

    def held(self, number: int) -> NDArray[np.int64]:
        """Return the rows of a fold."""
        return np.flatnonzero(np.array(self.folds) == number)

    def without(self, number: int, part: str) -> NDArray[np.int64]:
        """Return the rows of a part that are not in a fold."""
        return np.setdiff1d(self[part], self.held(number))

    def save(self, path: Path) -> None:
        """Write the folds as a table: that of a split with one more column, `fold` from 1."""
        super().save(path)
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*header, "fold"])
            writer.writerows([*row, n + 1] for row, n in zip(rows, self.folds, strict=True))


def folds_by_group(
    ids: Sequence[str],
    groups: Sequence[str],
    contents: Sequence[str],
    seed: int,
    count: int,
    *,
    validate: bool,
) -> Folds:
    """Deal groups to folds of nearly equal size, groups of common content together.

    Large groups are dealt first, groups of one size in an order that the seed decides, each to the
    fold with the fewest samples. With `validate` a tenth of every fold's groups, one at least, is
    there to stop training. Raise `DataError` if groups are too few.
    """
    joined = joined_groups(groups, contents)
    sizes = Counter(joined)
    needed = 2 * count if validate else count
    if len(sizes) < needed:
        raise DataError(
            f"{len(ids)} samples in {len(sizes)} groups, {needed} needed for {count} folds: give "
            "more samples, fewer --folds, or --split-by something finer"
        )
    fold_of: dict[str, int] = {}
    filled = [0] * count
    for group in sorted(sizes, key=lambda name: (-sizes[name], hashed(f"{seed}/{name}"))):
        fold_of[group] = number = int(np.argmin(filled))
        filled[number] += sizes[group]
    validating = _validating(fold_of, seed) if validate else frozenset()
    parts = tuple("validation" if group in validating else "train" for group in joined)
    return Folds(
        tuple(ids), tuple(groups), tuple(contents), parts, tuple(fold_of[g] for g in joined)
    )


def _validating(fold_of: dict[str, int], seed: int) -> frozenset[str]:
    names = defaultdict(list)
    for group, number in fold_of.items():
        names[number].append(group)
    chosen = []
    for several in names.values():
        several.sort(key=lambda name: hashed(f"{seed}/validation/{name}"))
        chosen += several[: max(1, round(_VALIDATION * len(several)))]
    return frozenset(chosen)
