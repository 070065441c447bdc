"""Read what is committed to a store: closed, being written, or left behind by a kill."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xmodkit.errors import StoreError
from xmodkit.modality import Array, Field
from xmodkit.store.arrays import Arrays
from xmodkit.store.columns import Column
from xmodkit.store.commitlog import State, read_state
from xmodkit.store.journal import Piece, decode, gather
from xmodkit.store.layout import Layout, is_store

__all__ = ["StoreReader"]

_BLOCK_BYTES = 16 * 2**20


class StoreReader:
    """The rows of a store that were committed when it was opened; needs no lock, changes nothing.

    Safe to use from several threads. Raise `StoreError` on opening what is damaged or no store.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._layout = Layout(Path(path))
        if not is_store(path):
            raise StoreError(f"{path}: no store here; give the folder of one (it ends in .zarr)")
        self._state, self._segment = _snapshot(self._layout)
        self._rows = self._state.rows_within(self._segment.size if self._segment else 0)
        self.lost = self._state.rows - self._rows
        """Committed rows that the journal does not hold (a power cut, a broken-off copy)."""
        if self.lost:
            self._state.cut(self._rows)
        self._lock = threading.Lock()
        self._arrays: Arrays | None = None
        if self._state.sealed:
            schema = self._state.schema
            self._arrays = Arrays.open(self._layout, schema, self._state.sealed, read_only=True)

    def __len__(self) -> int:
        return self._rows

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields of the store, by name."""
        return {item.name: item for item in self._state.schema.fields}

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The attributes given on creation."""
        return self._state.attributes

    @property
    def closed(self) -> bool:
        """Whether the store was closed, so that plain zarr and xarray open it."""
        return self._state.closed

    @property
    def keys(self) -> Sequence[str]:
        """The keys given on writing, in the order of the rows; "" where none was given."""
        keys = self._state.keys
        return tuple(keys) + ("",) * (len(self) - len(keys))

    @property
    def finished(self) -> Sequence[str]:
        """The inputs named as finished, in order."""
        return tuple(self._state.finished)

    def read(self, name: str, start: int = 0, stop: int | None = None) -> Array:
        """Return rows [start, stop) of a field: (rows, *axes), text as objects.

        Ragged axes are padded to the largest extent in the store; `<field>_shape` reads the true
        extents (rows, axes).
        """
        column = self._state.schema.column(name)
        start, stop, _ = slice(start, stop).indices(len(self))
        stop = max(start, stop)
        extents = column.extents(self._state.extents)
        split = min(max(self._state.sealed, start), stop)
        pieces = self._pieces(column, split, stop)
        if start < split:
            assert self._arrays is not None  # opened where any row is sealed
            sealed = self._arrays.read(name, start, split, extents)
            if split == stop and sealed.shape[1:] == extents:
                return sealed
            pieces.append((start, {name: sealed}))
        return gather(column, pieces, start, stop, [slice(0, extent) for extent in extents])

    def read_sample(self, row: int) -> dict[str, Array]:
        """Return the arrays of one row, ragged fields cut to their true extents.

        Raise `IndexError` if there is no such row; negative rows count from the end.
        """
        index = range(len(self))[row]
        return next(self.samples(index, index + 1))

    def samples(self, start: int = 0, stop: int | None = None) -> Iterator[dict[str, Array]]:
        """Yield what `read_sample` returns for each of rows [start, stop), read block by block."""
        start, stop, _ = slice(start, stop).indices(len(self))
        columns = self._state.schema.columns
        row_bytes = sum(c.row_bytes(c.extents(self._state.extents)) for c in columns)
        size = max(1, _BLOCK_BYTES // row_bytes)
        for low in range(start, stop, size):
            high = min(stop, low + size)
            block = {column.name: self.read(column.name, low, high) for column in columns}
            for i in range(high - low):
                yield {name: _true(block, item, i) for name, item in self.fields.items()}

    def blocks(self, names: Sequence[str], size: int = 1024) -> Iterator[dict[str, Array]]:
        """Yield consecutive blocks of `size` rows of some fields, the last one shorter."""
        for start in range(0, len(self), size):
            yield {name: self.read(name, start, start + size) for name in names}

    def _pieces(self, column: Column, start: int, stop: int) -> list[Piece]:
        """Read the blocks of the journal that hold rows [start, stop)."""
        blocks = [b for b in self._state.blocks if b.first < stop and b.stop > start]
        if not blocks:
            return []
        assert self._segment is not None  # rows without a segment were cut
        offset = blocks[0].offset
        with self._lock:
            data = memoryview(self._segment.read(offset, blocks[-1].end - offset))
        columns = self._state.schema.columns
        try:
            return [
                (
                    b.first,
                    decode(columns, b, data[b.offset - offset : b.end - offset], [column.name]),
                )
                for b in blocks
            ]
        except StoreError as error:
            raise StoreError(f"{self._layout.root}: {error}") from None


def _true(block: Mapping[str, Array], item: Field, row: int) -> Array:
    """Return one row of a block, a copy (a view would keep the block), cut to its extents."""
    array = block[item.name][row, ...]
    if item.ragged:
        array = array[tuple(map(slice, block[f"{item.name}_shape"][row]))]
    return array.copy()


class _Segment:
    """A journal file held open: what was committed stays readable after the writer deletes it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, self._descriptor)
        self.size = os.fstat(self._descriptor).st_size

    def read(self, offset: int, length: int) -> bytes:
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        parts = []
        while length and (part := os.read(self._descriptor, length)):
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


def _snapshot(layout: Layout) -> tuple[State, _Segment | None]:
    """Return what the log says, and the segment it speaks of.

    A writer may move rows to zarr and delete the segment in between: then its log has grown.
    """
    length = -1
    while True:
        state = read_state(layout.log)
        if not state.blocks:
            return state, None
        try:
            return state, _Segment(layout.segment(state.segment))
        except FileNotFoundError:
            if state.length == length:
                return state, None
        length = state.length
