"""The order of rows in an epoch, and the batches cut from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xmodkit.modality import Array

__all__ = ["Rows", "batches", "epoch_order", "gather", "length"]

Rows = Mapping[str, Array]
Order = NDArray[np.int64]

_WINDOW_BYTES = 256 * 2**20
_BLOCKS = 16  # blocks in a window


def epoch_order(rows: Rows, generator: np.random.Generator) -> Order:
    """Return every row number once, shuffled.

    Rows in memory are shuffled freely. Rows in a file on disk are shuffled by windows of some
    contiguous blocks: each window is read nearly in sequence, and stays in the page cache.
    """
    mapped = [array for array in rows.values() if isinstance(array, np.memmap)]
    if not mapped:
        return generator.permutation(length(rows))
    row_bytes = sum(array[:1].nbytes for array in mapped)
    return shuffled_blocks(length(rows), max(1, _WINDOW_BYTES // row_bytes // _BLOCKS), generator)


def shuffled_blocks(n: int, block: int, generator: np.random.Generator) -> Order:
    """Return 0..n-1: blocks of rows in random order, rows shuffled among 16 blocks at a time."""
    starts = generator.permutation(np.arange(0, n, block))
    blocks = [np.arange(start, min(n, start + block)) for start in starts]
    windows = [np.concatenate(blocks[i : i + _BLOCKS]) for i in range(0, len(blocks), _BLOCKS)]
    return np.concatenate([generator.permutation(window) for window in windows])


def batches(order: Order, size: int) -> Iterator[Order]:
    """Yield the row numbers of each batch, the last one shorter."""
    for start in range(0, len(order), size):
        yield order[start : start + size]


def gather(rows: Rows, taken: Order) -> dict[str, Tensor]:
    """Return some rows as tensors."""
    return {name: torch.from_numpy(array[taken]) for name, array in rows.items()}


def length(rows: Rows) -> int:
    """Return the number of rows."""
    return len(next(iter(rows.values())))
