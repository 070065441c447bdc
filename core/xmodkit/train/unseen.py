"""Which rows of a store a run never saw, neither by content nor by group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xmodkit.content import content_hash
from xmodkit.pair import Sample
from xmodkit.train.folder import SPLIT, STARTED
from xmodkit.train.splits import Splits

__all__ = ["RowChoice", "Seen", "StoreIndex", "choose_rows", "learned_from"]

RowChoice = Literal["test", "all-unseen"]

TEST = "test"
LEARNED = ("train", "validation")


@dataclass(frozen=True)
class Seen:
    """What a run did with which content and which groups, read from its `split.csv`.

    `by` is the kind of group that the split kept together (another run's split: every kind is
    looked at); `parts` maps a content to its part.
    `groups` maps a group to the parts it lies in, and is empty where single samples were split.
    """

    run: str
    by: str
    parts: Mapping[str, str]
    groups: Mapping[str, frozenset[str]]

    @classmethod
    def load(cls, folder: Path, by: str) -> Seen:
        """Read the split of a run that kept groups of a kind together.

        What the runs that it started from had learned from counts as its own. Raise `InputError`
        if the run kept no split.
        """
        parts: dict[str, str] = {}
        groups: dict[str, set[str]] = defaultdict(set)
        for name in (STARTED, SPLIT):
            if name == STARTED and not (folder / name).exists():
                continue
            splits = Splits.load(folder / name)
            parts |= zip(splits.contents, splits.parts, strict=True)
            if len(set(splits.groups)) < len(splits.ids):  # else single samples were split
                for group, part in zip(splits.groups, splits.parts, strict=True):
                    groups[group].add(part)
        found = {name: frozenset(several) for name, several in groups.items()}
        return cls(folder.name, by, parts, found)

    def part(self, content: str, groups: Mapping[str, str]) -> str | None:
        """Return why a sample was seen (its part, or its group's), `test`, or None: never."""
        if (found := self.parts.get(content)) is not None:
            return found if found == TEST else f"{found} rows of {self.run}"
        names = [groups[self.by]] if self.by in groups else groups.values()
        others = {part for name in names for part in self.groups.get(name, ())} - {TEST}
        if others:
            return f"share their {self.by} with {' and '.join(sorted(others))} rows of {self.run}"
        return None


@dataclass(frozen=True)
class StoreIndex:
    """What decides of each row of a store: its content and its groups."""

    contents: tuple[str, ...]
    groups: tuple[Mapping[str, str], ...]

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> StoreIndex:
        """Hash every sample of a store, in its order."""
        rows = [(content_hash(sample), sample.groups) for sample in samples]
        return cls(tuple(c for c, _ in rows), tuple(g for _, g in rows))

    def __len__(self) -> int:
        return len(self.contents)

    def rows_in(self, seen: Seen, part: str) -> list[int]:
        """Return the rows that lie in a part of a run's split."""
        return [i for i, content in enumerate(self.contents) if seen.parts.get(content) == part]


def learned_from(folder: Path) -> Splits:
    """Return the rows that a run, or one that it started from, was trained or validated on.

    All count as training rows. Raise `InputError` if the run kept no split.
    """
    files = [folder / SPLIT, *([folder / STARTED] if (folder / STARTED).exists() else [])]
    rows = {
        (sample, group, content)
        for splits in map(Splits.load, files)
        for sample, group, content, part in zip(
            splits.ids, splits.groups, splits.contents, splits.parts, strict=True
        )
        if part in LEARNED
    }
    ids, groups, contents = zip(*sorted(rows), strict=True)
    return Splits(ids, groups, contents, ("train",) * len(ids))


def choose_rows(
    index: StoreIndex, runs: Sequence[Seen], rows: RowChoice
) -> tuple[list[int], dict[str, int]]:
    """Return the rows that no run saw, and how many were left out, by reason.

    `test` keeps rows that the first run set aside as its test rows; `all-unseen` also those that
    it never had. A row that a compared run saw is left out too: all runs are judged on the same.
    Two rows of equal content are judged once.
    """
    kept: list[int] = []
    taken: set[str] = set()
    left_out: Counter[str] = Counter()
    for i, (content, groups) in enumerate(zip(index.contents, index.groups, strict=True)):
        found = [seen.part(content, groups) for seen in runs]
        reason = next((part for part in found if part not in (TEST, None)), None)
        if reason is None and content in taken:
            reason = "the same content as another row"
        if reason is None and rows == TEST and found[0] is None:
            reason = f"not among the test rows of {runs[0].run}"
        if reason is None:
            kept.append(i)
            taken.add(content)
        else:
            left_out[reason] += 1
    return kept, dict(left_out)
