"""Studies that a pair offers: what each is asked, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xmodkit.pair import ModalityPair, Option, Options

__all__ = ["PairStudy", "Progress", "StudyRequest", "StudyResult"]

Progress = Callable[[int, int, str], None]
"""Told what is done, of how much, and a note, after every piece of work."""


@dataclass(frozen=True)
class StudyRequest:
    """What a study is told: the samples, where to write, how to split, and its own options."""

    pair: ModalityPair
    store: Path
    out: Path
    split_by: str
    seed: int = 0
    resume: bool = False
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class StudyResult:
    """What a study found: plain JSON values, and its table as lines of text."""

    summary: Mapping[str, Any]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class PairStudy:
    """A study that `xmod study NAME` runs: its help, its own options, and what does it.

    `run` writes into `StudyRequest.out` and goes on with what an earlier run left there if told
    to. It imports what it needs itself: a pair lists its studies without training libraries.
    """

    summary: str
    example: str
    run: Callable[[StudyRequest, Progress], StudyResult]
    options: tuple[Option, ...] = ()
