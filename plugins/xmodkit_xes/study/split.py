"""Which rows a study learns from and which it is judged on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import MissingExtraError
from xmodkit_xes.study.rows import Rows

__all__ = ["Parts", "parts"]


@dataclass(frozen=True)
class Parts:
    """Row numbers: `test` rows are judged on and choose nothing."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


def parts(rows: Rows, seed: int) -> Parts:
    """Split as `xmod train` does with this seed: its test rows are the same; the rest is learned.

    Raise `DataError` if there are too few units, `MissingExtraError` without torch.
    """
    try:
        from xmodkit.train.splits import split_by_group
    except ImportError as error:
        raise MissingExtraError("a study", error.name or "torch", "train") from error
    splits = split_by_group(rows.ids, rows.units, seed, contents=rows.contents)
    test = splits["test"]
    return Parts(np.setdiff1d(np.arange(len(rows)), test), test)
