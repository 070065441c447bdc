"""The journal: rows that are committed but do not yet fill a whole shard, as raw bytes.

A block holds the rows of one commit, column after column, little-endian and C-contiguous. Text
is the lengths of the UTF-8 strings (uint32), then their bytes.
"""

from __future__ import annotations

import contextlib
import io
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from xmodkit.errors import StoreError
from xmodkit.modality import Array
from xmodkit.store.batch import Batch
from xmodkit.store.columns import TEXT, Column, Extents
from xmodkit.store.layout import Layout, sync_file, sync_folder, write_all

__all__ = ["Block", "Journal", "Piece", "block_bytes", "decode", "encode", "gather"]

Piece = tuple[int, Mapping[str, Array]]
"""The first row of some rows, and their arrays."""


@dataclass(frozen=True)
class Block:
    """Where the rows of one commit lie in the journal, and all that decoding them needs."""

    first: int
    rows: int
    segment: int
    offset: int
    length: int
    crc: int
    extents: Mapping[str, tuple[int, ...]]
    text: Mapping[str, int]

    @property
    def stop(self) -> int:
        """The row behind the last."""
        return self.first + self.rows

    @property
    def end(self) -> int:
        """The byte behind the last."""
        return self.offset + self.length


def encode(columns: Sequence[Column], batch: Batch) -> tuple[list[bytes], dict[str, int]]:
    """Return a batch's bytes by column, and the number of bytes of each text column."""
    parts = []
    text = {}
    for column in columns:
        array = batch.arrays[column.name]
        part = _encode_text(array) if column.dtype == TEXT else array.tobytes()
        if column.dtype == TEXT:
            text[column.name] = len(part)
        parts.append(part)
    return parts, text


def _encode_text(array: Array) -> bytes:
    # A lone surrogate (a file name that is not UTF-8) has no UTF-8: keep it readable.
    texts = [text.encode("utf-8", "backslashreplace") for text in array.flat]
    return np.array([len(text) for text in texts], "<u4").tobytes() + b"".join(texts)


def _column_bytes(column: Column, rows: int, extents: Extents, text: Mapping[str, int]) -> int:
    if column.dtype == TEXT:
        return text[column.name]
    return rows * prod(column.extents(extents)) * column.memory_dtype.itemsize


def block_bytes(
    columns: Sequence[Column], rows: int, extents: Extents, text: Mapping[str, int]
) -> int:
    """Return the length that a block of these rows must have."""
    return sum(_column_bytes(column, rows, extents, text) for column in columns)


def decode(
    columns: Sequence[Column], block: Block, data: memoryview, names: Iterable[str]
) -> dict[str, Array]:
    """Return some columns of a block from its bytes (numbers as views); check the CRC.

    Raise `StoreError` if the bytes are not those that were committed.
    """
    if zlib.crc32(data) != block.crc or len(data) != block.length:
        raise StoreError(f"rows {block.first} to {block.stop - 1} are damaged in the journal")
    wanted = set(names)
    arrays: dict[str, Array] = {}
    start = 0
    for column in columns:
        length = _column_bytes(column, block.rows, block.extents, block.text)
        if column.name in wanted:
            shape = (block.rows, *column.extents(block.extents))
            part = data[start : start + length]
            if column.dtype == TEXT:
                arrays[column.name] = _decode_text(part, shape)
            else:
                arrays[column.name] = np.frombuffer(part, column.memory_dtype).reshape(shape)
        start += length
    return arrays


def _decode_text(part: memoryview, shape: tuple[int, ...]) -> Array:
    number = prod(shape)
    if 4 * number > len(part):
        raise StoreError("text is damaged in the journal")
    lengths = np.frombuffer(part[: 4 * number], "<u4").astype(np.int64)
    stops = 4 * number + np.cumsum(lengths)
    if number and stops[-1] != len(part):
        raise StoreError("text is damaged in the journal")
    array = np.empty(number, object)
    for i, (stop, length) in enumerate(zip(stops.tolist(), lengths.tolist(), strict=True)):
        array[i] = str(part[stop - length : stop], "utf-8", "replace")
    return array.reshape(shape)


def gather(
    column: Column, pieces: Iterable[Piece], start: int, stop: int, extents: Sequence[slice]
) -> Array:
    """Return rows [start, stop) of one column within a window of its extents, padded with fill."""
    shape = (stop - start, *(window.stop - window.start for window in extents))
    out = np.full(shape, column.fill, column.memory_dtype)
    for first, arrays in pieces:
        source = arrays[column.name]
        low, high = max(first, start), min(first + len(source), stop)
        if low < high:
            part = source[(slice(low - first, high - first), *extents)]
            corner = tuple(slice(size) for size in part.shape[1:])
            out[(slice(low - start, high - start), *corner)] = part
    return out


class Journal:
    """Appends blocks to one segment and reads them back; the next segment replaces it."""

    def __init__(self, layout: Layout, columns: Sequence[Column], segment: int, end: int) -> None:
        """Continue a segment behind byte `end`: what lies beyond was never committed."""
        self._layout = layout
        self._columns = columns
        self._open(segment)
        if self._file.seek(0, io.SEEK_END) > end:
            self._file.truncate(end)
        self._end = end

    def _open(self, segment: int) -> None:
        self.segment = segment
        path = self._layout.segment(segment)
        # Opened for both ways and created if absent, but never emptied.
        self._file = io.FileIO(path, "r+" if path.exists() else "x+")
        self._end = 0
        sync_folder(self._layout.folder)

    def next_segment(self) -> None:
        """Go on in a new, empty file."""
        self._file.close()
        self._open(self.segment + 1)
        self._file.truncate(0)

    def append(self, batch: Batch, first: int) -> Block | None:
        """Write a batch behind the last block and wait until it is on the disk."""
        if batch.rows == 0:
            return None
        parts, text = encode(self._columns, batch)
        crc = 0
        self._file.seek(self._end)
        for part in parts:
            write_all(self._file, part)
            crc = zlib.crc32(part, crc)
        sync_file(self._file)
        length = sum(map(len, parts))
        block = Block(
            first, batch.rows, self.segment, self._end, length, crc, dict(batch.extents), text
        )
        self._end += length
        return block

    def pieces(self, blocks: Sequence[Block]) -> list[Piece]:
        """Read blocks back; raise `StoreError` on the first that is damaged."""
        if not blocks:
            return []
        data = np.memmap(self._layout.segment(self.segment), np.uint8, "r").data
        names = [column.name for column in self._columns]
        return [
            (block.first, decode(self._columns, block, data[block.offset : block.end], names))
            for block in blocks
        ]

    def drop_others(self) -> None:
        """Delete the segments whose rows are all in zarr by now."""
        for path in self._layout.segments():
            if path != self._layout.segment(self.segment):
                _unlink(path)

    def close(self, *, delete: bool = False) -> None:
        """Close the segment; delete it if nothing in it is needed."""
        self._file.close()
        if delete:
            for path in self._layout.segments():
                _unlink(path)


def _unlink(path: Path) -> None:
    # Windows refuses while a reader has the file open: it goes the next time.
    with contextlib.suppress(PermissionError):
        path.unlink(missing_ok=True)
