"""What structures are read for, as far as errors have to say it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Purpose"]


@dataclass(frozen=True)
class Purpose:
    """The pair that reads: its extra, to be installed, and its advice on too many atoms.

    `most_bytes` limits files of formats that are read as a whole.
    """

    extra: str
    smaller: str
    most_bytes: int = 200_000_000
