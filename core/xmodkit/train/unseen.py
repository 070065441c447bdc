"""Which rows of a store a run never saw, neither by content nor by group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xmodkit.content import content_hash
from xmodkit.pair import Sample
from xmodkit.train.folder import SPLIT
from xmodkit.train.splits import Splits

__all__ = ["RowChoice", "Seen", "StoreIndex", "choose_rows"]

RowChoice = Literal["test", "all-unseen"]

TEST = "test"


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

        Raise `InputError` if the run kept no split.
        """
        splits = Splits.load(folder / SPLIT)
        groups: dict[str, set[str]] = defaultdict(set)
        for group, part in zip(splits.groups, splits.parts, strict=True):
            groups[group].add(part)
        whole = len(groups) < len(splits.ids)
        return cls(
            folder.name,
            by,
            dict(zip(splits.contents, splits.parts, strict=True)),
            {name: frozenset(found) for name, found in groups.items()} if whole else {},
        )

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
