"""Split samples into training, validation, calibration and test rows, whole groups at a time."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError, InputError

__all__ = ["FRACTIONS", "PARTS", "Splits", "hashed", "joined_groups", "split_by_group"]

PARTS = ("train", "validation", "calibration", "test")
FRACTIONS: Mapping[str, float] = dict(zip(PARTS, (0.60, 0.03, 0.12, 0.25), strict=True))
_COLUMNS = ("sample_id", "group", "content", "part")


@dataclass(frozen=True)
class Splits:
    """Which part each sample is in, in the order of the store.

    `contents` are hashes of what the samples hold (`content_hash`). No group and no content is in
    two parts: raise `DataError` naming one that is.
    """

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    contents: tuple[str, ...]
    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        for what, names in (("group", self.groups), ("content", self.contents)):
            part_of: dict[str, str] = {}
            for sample, name, part in zip(self.ids, names, self.parts, strict=True):
                if (other := part_of.setdefault(name, part)) != part:
                    raise DataError(
                        f"the split puts {what} {name} into {other} and, with sample {sample}, "
                        f"into {part}: give one part to all samples of equal {what}"
                    )

    def __getitem__(self, part: str) -> NDArray[np.int64]:
        """Return the row numbers of a part."""
        return np.flatnonzero(np.array(self.parts) == part)

    @property
    def rows(self) -> dict[str, NDArray[np.int64]]:
        """The row numbers of every part."""
        return {part: self[part] for part in PARTS}

    @property
    def counts(self) -> dict[str, int]:
        """How many rows every part has."""
        return {part: len(rows) for part, rows in self.rows.items()}

    @property
    def hash(self) -> str:
        """A hash of which sample is in which part."""
        lines = sorted(f"{i}\t{part}" for i, part in zip(self.ids, self.parts, strict=True))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def contents_of(self, *parts: str) -> frozenset[str]:
        """Return what the samples of some parts hold, as hashes."""
        return frozenset(c for c, p in zip(self.contents, self.parts, strict=True) if p in parts)

    def save(self, path: Path) -> None:
        """Write the split as a table: sample_id, group, content, part."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            writer.writerows(zip(self.ids, self.groups, self.contents, self.parts, strict=True))

    @classmethod
    def load(cls, path: Path) -> Splits:
        """Read a saved split; raise `InputError` if the file holds none, `DataError` if leaky."""
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = [[row[name] for name in _COLUMNS] for row in csv.DictReader(file)]
        except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
            raise InputError(
                f"{path}: not a split ({error}); give the split.csv of a run, "
                f"with columns {', '.join(_COLUMNS)}"
            ) from error
        if unknown := {row[3] for row in rows} - set(PARTS):
            raise InputError(
                f"{path}: parts {', '.join(sorted(map(str, unknown)))} given, "
                f"{', '.join(PARTS)} expected"
            )
        ids, groups, contents, parts = zip(*rows, strict=True) if rows else ((), (), (), ())
        try:
            return cls(ids, groups, contents, parts)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error

    def applied_to(self, ids: Sequence[str], contents: Sequence[str]) -> Splits:
        """Return this split in the order of a store's samples.

        Raise `DataError` naming a sample that it does not know, lacks, or that has changed.
        """
        place = {name: i for i, name in enumerate(self.ids)}
        for name, content in zip(ids, contents, strict=True):
            if name not in place:
                raise DataError(f"sample {name} is not in the split: split this store anew")
            if content != self.contents[place[name]]:
                raise DataError(f"sample {name} has changed since the split: split anew")
        if missing := set(self.ids) - set(ids):
            raise DataError(
                f"{len(missing)} samples of the split, such as {min(missing)}, are not in the "
                "store: split it anew"
            )
        order = [place[name] for name in ids]
        return Splits(
            tuple(ids),
            tuple(self.groups[i] for i in order),
            tuple(contents),
            tuple(self.parts[i] for i in order),
        )


def split_by_group(
    ids: Sequence[str],
    groups: Sequence[str],
    seed: int,
    fractions: Mapping[str, float] = FRACTIONS,
    contents: Sequence[str] | None = None,
) -> Splits:
    """Assign every group to one part by a hash of its name, so that no group is ever split.

    Groups that share a sample of equal content count as one. A group keeps its part when samples
    are added, unless there were so few groups that a part had to be filled with one of another's.
    Raise `DataError` if there are fewer groups than parts.
    """
    contents = tuple(ids) if contents is None else tuple(contents)
    joined = joined_groups(groups, contents)
    ends = np.cumsum([fractions[part] for part in PARTS])
    places = {group: hashed(f"{seed}/{group}") * float(ends[-1]) for group in sorted({*joined})}
    numbers = {group: _part_at(place, ends) for group, place in places.items()}
    _fill(numbers, places, ends)
    parts = tuple(PARTS[numbers[group]] for group in joined)
    if empty := [part for part in PARTS if part not in parts]:
        raise DataError(
            f"{len(ids)} samples in {len(set(joined))} groups leave no {', '.join(empty)} rows: "
            "give more samples, or split by something finer"
        )
    return Splits(tuple(ids), tuple(groups), contents, parts)


def _part_at(place: float, ends: NDArray[np.float64]) -> int:
    return min(int(np.searchsorted(ends, place, side="right")), len(PARTS) - 1)


def _fill(numbers: dict[str, int], places: Mapping[str, float], ends: NDArray[np.float64]) -> None:
    """Give every empty part the group whose hash is nearest, of a part that has several."""
    middles = ends - np.diff(ends, prepend=0.0) / 2
    for number, middle in enumerate(middles):
        groups_of = Counter(numbers.values())
        distances = {
            group: abs(places[group] - middle)
            for group, part in numbers.items()
            if groups_of[part] > 1
        }
        if not groups_of[number] and distances:
            numbers[min(distances, key=distances.__getitem__)] = number


def joined_groups(groups: Iterable[str], contents: Iterable[str]) -> list[str]:
    """Return each row's group, groups of common content under the least of their names."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            parent[name] = parent[above]
            name = above
        return name

    rows = list(groups)
    first: dict[str, str] = {}
    for group, content in zip(rows, contents, strict=True):
        one, other = root(group), root(first.setdefault(content, group))
        parent[max(one, other)] = min(one, other)
    return [root(group) for group in rows]


def hashed(text: str) -> float:
    """Return a number in 0..1 that a text decides, as if drawn at random."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
