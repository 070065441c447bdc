"""Write a store: every append is on the disk, whole, when it returns."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from xmodkit.errors import StoreError, XmodError
from xmodkit.modality import Field
from xmodkit.store.arrays import Arrays, fills_shard, shard_rows
from xmodkit.store.batch import Batch, Rows
from xmodkit.store.columns import Extents, Schema
from xmodkit.store.commitlog import Commit, header_line, read_state
from xmodkit.store.journal import Block, Journal, Piece, gather
from xmodkit.store.layout import Layout, is_store, sync_file, sync_folder, write_all
from xmodkit.store.lock import WriterLock
from xmodkit.store.metadata import consolidate, unconsolidate
from xmodkit.store.recovery import sound_rows

__all__ = ["StoreWriter"]


class StoreWriter:
    """The one writer of a store; make it by `create` or `resume`, close it by `with` or `close`.

    Not for several threads at once. After an error while writing (a full disk), only `close`
    is left, which then merely lets go: `resume` continues behind the last commit.
    """

    def __init__(self, layout: Layout, lock: WriterLock) -> None:
        """Continue the store whose lock is held; use `create` or `resume` instead."""
        self._layout = layout
        self._lock = lock
        self._failed = False
        self._state = state = read_state(layout.log)
        layout.sweep()
        rows = sound_rows(layout, state)
        self.lost = state.rows - rows
        """Committed rows that the journal no longer held on opening: cut, to be made again."""
        self._arrays = None
        if state.sealed:
            self._arrays = Arrays.open(layout, state.schema, state.sealed)
        self._log = io.FileIO(layout.log, "r+")
        self._log.truncate(state.length)
        self._log.seek(state.length)
        if self.lost:
            self._log_commit(Commit(rows, state.sealed))
        # Never reuse a segment that a reader may still hold.
        segment = state.segment if state.blocks else state.segment + 1
        self._journal = Journal(layout, state.schema.columns, segment, state.journal_end)
        self._journal.drop_others()
        self._keys = {key for key in state.keys if key}

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        columns: Sequence[Field],
        *,
        attributes: Mapping[str, Any] | None = None,
        overwrite: bool = False,
    ) -> StoreWriter:
        """Make an empty store of some fields at `path`.

        `attributes` (plain JSON) become the group's. Raise `StoreError` if something is there
        already, unless it is a store and `overwrite` is true, or if another writer has it.
        """
        layout = Layout(Path(path))
        header = header_line(columns, attributes or {})
        Schema.of(columns)
        if is_store(path):
            if not overwrite:
                raise StoreError(f"{path}: exists; continue it (resume) or replace it (overwrite)")
        elif not layout.is_unfinished():
            raise StoreError(f"{path}: exists and is not a store; give another name, or remove it")
        with _naming_path(path):
            layout.folder.mkdir(parents=True, exist_ok=True)
            lock = WriterLock(layout.lock, layout.root)
            try:
                # The log decides: from here on what the folder held before is no longer there.
                layout.replace(layout.log, header)
                _clear(layout)
                for folder in (layout.folder.parent, layout.root, layout.root.absolute().parent):
                    sync_folder(folder)
                return cls(layout, lock)
            except BaseException:
                lock.release()
                raise

    @classmethod
    def resume(cls, path: str | os.PathLike[str]) -> StoreWriter:
        """Continue a store behind its last commit, be it closed or left behind by a kill.

        Raise `StoreError` if there is none, if it is damaged, or if another writer has it.
        """
        layout = Layout(Path(path))
        if not is_store(path):
            raise StoreError(f"{path}: no store to continue; create one")
        lock = WriterLock(layout.lock, layout.root)
        try:
            with _naming_path(path):
                return cls(layout, lock)
        except BaseException:
            lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return self._state.rows

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields of the store, by name."""
        return {item.name: item for item in self._state.schema.fields}

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The attributes given on creation."""
        return self._state.attributes

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the rows committed so far."""
        return frozenset(self._keys)

    @property
    def finished(self) -> frozenset[str]:
        """The inputs named as finished so far."""
        return frozenset(self._state.finished)

    def append(self, rows: Rows, *, keys: Sequence[str] = (), finished: Sequence[str] = ()) -> None:
        """Commit one batch: all of it is in the store once this returns, else nothing is.

        Args:
            rows: by field, an array (rows, *axes); a ragged field may be a sequence of one array
                per row, or padded with its true extents as `<field>_shape`; `{}` for no rows.
            keys: one short text per row, that tells after `resume` what is there already.
            finished: inputs completed with this batch.

        Raises:
            DataError: the rows do not fit the fields; the store is as before.
            StoreError: a key is there already, or the disk is full or failing.
        """
        self._check_usable()
        batch = Batch.of(self._state.schema, rows)
        self._check_keys(keys, batch.rows)
        with self._writing():
            if self._state.closed:
                self._log_commit(Commit(len(self), len(self)))
            self._commit(batch, keys, finished)
        self._keys.update(keys)

    def close(self) -> None:
        """Move all rows to zarr, trim and consolidate it, and let others write.

        From then on plain zarr and xarray open the store. A second call does nothing.
        """
        if self._log.closed:
            return
        try:
            if not self._failed and not self._state.closed:
                with self._writing():
                    self._seal_rest()
        finally:
            self._journal.close(delete=self._state.closed)
            self._log.close()
            self._lock.release()

    def _commit(self, batch: Batch, keys: Sequence[str], finished: Sequence[str]) -> None:
        state = self._state
        rows = state.rows + batch.rows
        extents = state.schema.grown(state.extents, batch.extents)
        boundary = max(self._boundary(rows, batch, extents), state.sealed)
        if boundary > state.sealed:
            block = self._seal(batch, rows, boundary, extents)
        else:
            block, extents = self._journal.append(batch, state.rows), dict(batch.extents)
        self._log_commit(Commit(rows, boundary, False, block, extents, keys, finished))

    def _boundary(self, rows: int, batch: Batch, extents: Extents) -> int:
        """Return the row up to which whole shards can go to zarr once the batch is there."""
        if self._arrays is not None:
            step = self._arrays.shard_rows
        else:
            size = self._state.journal_end + sum(array.nbytes for array in batch.arrays.values())
            if not fills_shard(rows, size):
                return 0
            step = shard_rows(self._state.schema, extents)
        return rows // step * step

    def _seal(self, batch: Batch, rows: int, boundary: int, extents: Extents) -> Block | None:
        """Write whole shards to zarr, from the journal and the batch; the rest to a new segment."""
        state = self._state
        pieces = [*self._journal.pieces(state.blocks), (state.rows, batch.arrays)]
        self._write_arrays(pieces, boundary, extents)
        rest = {
            column.name: gather(
                column, pieces, boundary, rows, [slice(0, n) for n in column.extents(extents)]
            )
            for column in state.schema.columns
        }
        del pieces
        self._journal.next_segment()
        return self._journal.append(Batch(rows - boundary, rest, extents), boundary)

    def _write_arrays(self, pieces: Sequence[Piece], stop: int, extents: Extents) -> None:
        state = self._state
        if self._arrays is None:
            self._arrays = Arrays.create(self._layout, state.schema, state.attributes, extents)
        else:
            unconsolidate(self._layout)
        self._arrays.write(pieces, state.sealed, stop, extents)

    def _seal_rest(self) -> None:
        """Bring the zarr side to exactly what is committed, then say so in the log."""
        state = self._state
        self._write_arrays(self._journal.pieces(state.blocks), state.rows, state.extents)
        assert self._arrays is not None
        self._arrays.trim(state.rows, state.extents)
        consolidate(self._layout, state.schema)
        self._log_commit(Commit(state.rows, state.rows, closed=True))

    def _log_commit(self, commit: Commit) -> None:
        """Append one line: the moment at which the commit has happened."""
        moved = commit.sealed != self._state.sealed
        line = commit.line()
        write_all(self._log, line)
        sync_file(self._log)
        self._state.apply(commit)
        self._state.length += len(line)
        if moved:
            self._journal.drop_others()

    def _check_usable(self) -> None:
        if self._log.closed:
            raise StoreError(f"{self._layout.root}: is closed; continue it by resume")
        if self._failed:
            raise StoreError(f"{self._layout.root}: writing failed before; continue it by resume")

    def _check_keys(self, keys: Sequence[str], rows: int) -> None:
        if len(keys) not in (0, rows):
            raise StoreError(f"{self._layout.root}: {len(keys)} keys given for {rows} rows")
        fresh = set(keys)
        if len(fresh) < len(keys) or fresh & self._keys:
            raise StoreError(f"{self._layout.root}: a key given twice or stored already")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Allow no further write after one that may have stopped halfway."""
        self._failed = True
        with _naming_path(self._layout.root):
            yield
        self._failed = False


@contextmanager
def _naming_path(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn errors of the operating system into `StoreError`s that say where and what to do."""
    try:
        yield
    except XmodError:
        raise
    except OSError as error:
        raise StoreError(
            f"{os.fspath(path)}: cannot be written: {error.strerror or error}; what was committed "
            "is safe: solve this, then resume"
        ) from error


def _clear(layout: Layout) -> None:
    """Delete the zarr arrays and the journal of a store that is being replaced."""
    layout.metadata.unlink(missing_ok=True)
    for path in layout.segments():
        path.unlink()
    for folder in layout.root.iterdir():
        if folder != layout.folder.parent and (folder / "zarr.json").exists():
            shutil.rmtree(folder)
