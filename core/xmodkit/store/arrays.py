"""The zarr side of a store: sharded arrays that whole shards enter and, on closing, the rest.

Imports zarr when used. An array's shape may run ahead of the commit log while the store is open;
closing trims it to what is committed and consolidates the metadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from xmodkit.errors import StoreError
from xmodkit.modality import Array
from xmodkit.store.columns import Column, Coordinate, Extents, Schema
from xmodkit.store.journal import Piece, gather
from xmodkit.store.layout import ARRAY, GROUP, Layout, sync_files
from xmodkit.store.metadata import check_array

if TYPE_CHECKING:
    import zarr

__all__ = ["Arrays", "fills_shard", "shard_rows"]

SHARD_BYTES = 64 * 2**20  # of one shard of every column together
MAX_SHARD_ROWS = 4096
CHUNK_BYTES = 2**20
TILE = 16  # ragged axes are cut into tiles of a multiple of this


def fills_shard(rows: int, nbytes: int) -> bool:
    """Tell whether so many rows and bytes are enough to lay out the arrays by."""
    return rows >= MAX_SHARD_ROWS or nbytes >= SHARD_BYTES


def shard_rows(schema: Schema, extents: Extents) -> int:
    """Return the rows per shard: a power of two, so that a shard of all columns fits in memory."""
    row = sum(column.row_bytes(_tile(column, extents)) for column in schema.columns)
    return _power_of_two(SHARD_BYTES // row, MAX_SHARD_ROWS)


def _power_of_two(number: int, limit: int) -> int:
    """Return the largest power of two up to `number` and `limit`, at least 1."""
    return 1 << (max(1, min(number, limit)).bit_length() - 1)


def _tile(column: Column, extents: Extents) -> tuple[int, ...]:
    """Return the extents of a shard: whole fixed axes, ragged axes with room to grow."""
    return tuple(
        max(1, -(-extent // TILE)) * TILE if size is None else extent
        for size, extent in zip(column.sizes, column.extents(extents), strict=True)
    )


@dataclass(frozen=True)
class Arrays:
    """The zarr arrays of a store, by column name."""

    layout: Layout
    schema: Schema
    members: Mapping[str, zarr.Array[Any]]

    @classmethod
    def create(
        cls, layout: Layout, schema: Schema, attributes: Mapping[str, Any], extents: Extents
    ) -> Arrays:
        """Create the group and its arrays, empty, in place of any that were never committed."""
        import zarr
        from zarr.storage import LocalStore

        layout.metadata.unlink(missing_ok=True)
        group = zarr.create_group(LocalStore(layout.root), attributes=dict(attributes))
        _hide_log(group)
        rows = shard_rows(schema, extents)
        members = {}
        for column in schema.columns:
            tile = _tile(column, extents)
            chunk = _power_of_two(CHUNK_BYTES // max(1, column.row_bytes(tile)), rows)
            members[column.name] = group.create_array(
                column.name,
                shape=(0, *column.extents(extents)),
                chunks=(chunk, *tile),
                shards=(rows, *tile),
                dtype=column.dtype,
                fill_value=column.fill,
                dimension_names=column.dimensions,
                attributes=dict(column.attributes),
                overwrite=True,
            )
        for coordinate in schema.coordinates:
            _write_coordinate(group, coordinate)
        files = {path for path in layout.root.rglob("*") if path.is_file()}
        sync_files(files - {layout.log, layout.lock, *layout.segments()}, layout.root)
        return cls(layout, schema, members)

    @classmethod
    def open(cls, layout: Layout, schema: Schema, rows: int, *, read_only: bool = False) -> Arrays:
        """Open the arrays; raise `StoreError` unless they are as the log says, for `rows` rows."""
        import zarr
        from zarr.storage import LocalStore

        store = LocalStore(layout.root, read_only=read_only)
        mode = "r" if read_only else "r+"
        members = {}
        for column in schema.columns:
            try:
                array = zarr.open_array(store, path=column.name, mode=mode, zarr_format=3)
            except Exception as error:  # zarr raises many kinds on damaged metadata
                reason = str(error).partition("\n")[0]
                raise StoreError(
                    f"{layout.root}: array {column.name!r} cannot be opened: {reason}"
                ) from None
            check_array(layout.root, column, array, rows)
            members[column.name] = array
        return cls(layout, schema, members)

    @property
    def shard_rows(self) -> int:
        """The rows of one shard, the same in every array."""
        return int(self._shards(self.schema.columns[0])[0])

    def write(self, pieces: Sequence[Piece], start: int, stop: int, extents: Extents) -> None:
        """Write rows [start, stop), shard by shard, and wait until they are on the disk."""
        for column in self.schema.columns:
            array = self.members[column.name]
            shape = (stop, *column.extents(extents))
            grown = tuple(max(sizes) for sizes in zip(shape, array.shape, strict=True))
            if grown != array.shape:
                array.resize(grown)
            for window in _windows(array.shape[1:], self._shards(column)[1:]):
                for low, high in _spans(start, stop, self.shard_rows):
                    array[(slice(low, high), *window)] = gather(column, pieces, low, high, window)
            self._sync(column, start)

    def trim(self, rows: int, extents: Extents) -> None:
        """Cut every array to what is committed."""
        for column in self.schema.columns:
            shape = (rows, *column.extents(extents))
            if self.members[column.name].shape != shape:
                self.members[column.name].resize(shape)

    def read(self, name: str, start: int, stop: int, extents: Sequence[int]) -> Array:
        """Return rows [start, stop) of one array, cut to the extents; text as objects.

        Extents that only rows in the journal have are not in the array yet: it is then smaller.
        """
        key = (slice(start, stop), *map(slice, extents))
        for attempt in range(3):
            try:
                array = np.asarray(self.members[name][key])
                return array.astype(object) if array.dtype.kind == "T" else array
            except Exception as error:  # zarr and its codecs raise many kinds on damaged bytes
                # A writer that reopened the store may just have replaced its last shard.
                if attempt == 2:
                    raise StoreError(
                        f"{self.layout.root}: rows {start} to {stop - 1} of {name!r} cannot be "
                        f"read: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
                    ) from None
        raise AssertionError

    def _shards(self, column: Column) -> tuple[int, ...]:
        shards = self.members[column.name].shards
        assert shards is not None  # checked on opening
        return shards

    def _sync(self, column: Column, start: int) -> None:
        folder = self.layout.root / column.name
        first = start // self.shard_rows
        written = [folder / "zarr.json"]
        for shard in (folder / "c").glob("*"):
            if int(shard.name) >= first:
                written += [path for path in (shard, *shard.rglob("*")) if path.is_file()]
        sync_files(written, folder)


def _spans(start: int, stop: int, rows: int) -> Iterable[tuple[int, int]]:
    """Yield the parts of [start, stop) by shard."""
    while start < stop:
        high = min(stop, (start // rows + 1) * rows)
        yield start, high
        start = high


def _windows(extents: Sequence[int], tile: Sequence[int]) -> Iterable[tuple[slice, ...]]:
    """Yield the parts of the extents by shard."""
    parts = [
        [slice(low, min(low + step, extent)) for low in range(0, extent, step)]
        for extent, step in zip(extents, tile, strict=True)
    ]
    return product(*parts)


def _hide_log(group: zarr.Group) -> None:
    """Make the log's folder that of an array without values, so that nobody is warned of it."""
    commits = group.require_group(GROUP)
    if ARRAY not in commits:
        commits.create_array(
            ARRAY,
            shape=(0,),
            chunks=(1,),
            dtype="uint8",
            dimension_names=("byte",),
            attributes={"long_name": "commit log and journal, in files beside this metadata"},
        )


def _write_coordinate(group: zarr.Group, coordinate: Coordinate) -> None:
    values = np.array(coordinate.values, "float64")
    array = group.create_array(
        coordinate.name,
        shape=values.shape,
        chunks=values.shape,
        dtype="float64",
        fill_value=float("nan"),
        dimension_names=(coordinate.name,),
        overwrite=True,
        attributes={"units": coordinate.unit} if coordinate.unit else {},
    )
    array[:] = values
