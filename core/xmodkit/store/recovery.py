"""Compare the journal with the log: what of the committed rows is really there."""

from __future__ import annotations

import zlib

from xmodkit.errors import StoreError
from xmodkit.store.commitlog import State
from xmodkit.store.layout import Layout

__all__ = ["sound_rows"]


def sound_rows(layout: Layout, state: State) -> int:
    """Return the rows up to which the journal holds the bytes that were committed.

    What lacks at the end never reached the disk (a power cut, a copy that was broken off).
    Raise `StoreError` if sound rows follow damaged ones: no crash leaves that behind.
    """
    path = layout.segment(state.segment)
    try:
        with path.open("rb") as file:
            rows = state.rows_within(file.seek(0, 2))
            blocks = [block for block in state.blocks if block.stop <= rows]
            sound = []
            for block in blocks:
                file.seek(block.offset)
                sound.append(zlib.crc32(file.read(block.length)) == block.crc)
    except FileNotFoundError:
        return state.rows_within(0)
    if all(sound):
        return rows
    first = sound.index(False)
    if any(sound[first:]):
        raise StoreError(
            f"{path}: rows {blocks[first].first} to {blocks[first].stop - 1} are damaged; restore "
            "the store from a copy, or start anew (overwrite)"
        )
    return blocks[first].first
