"""The metadata of the zarr side: checked before it is trusted, consolidated on closing."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xmodkit.errors import StoreError
from xmodkit.store.columns import TEXT, Column, Schema
from xmodkit.store.layout import Layout

if TYPE_CHECKING:
    import zarr

__all__ = ["check_array", "consolidate", "unconsolidate"]

MAX_SHARD_BYTES = 2**36
CODECS = frozenset(["sharding_indexed", "bytes", "vlen-utf8", "zstd", "crc32c"])


def check_array(root: Path, column: Column, array: zarr.Array[Any], rows: int) -> None:
    """Raise `StoreError` unless an array is what its column needs, for at least `rows` rows."""
    metadata = array.metadata.to_dict()
    shards = array.shards
    kind = "T" if column.dtype == TEXT else np.dtype(column.dtype).kind
    problem = None
    if array.dtype.kind != kind or (kind != "T" and array.dtype != np.dtype(column.dtype)):
        problem = f"dtype {array.dtype} given, {column.dtype} expected"
    elif array.ndim != len(column.sizes) + 1 or array.shape[0] < rows:
        problem = f"shape {array.shape} given, {len(column.sizes) + 1} axes, {rows} rows expected"
    elif any(s not in (None, n) for s, n in zip(column.sizes, array.shape[1:], strict=True)):
        problem = f"shape {array.shape} given, {column.sizes} per sample expected"
    elif not _codec_names(metadata["codecs"]) <= CODECS:
        problem = "a codec given that stores do not use"
    elif shards is None or prod(shards) * array.dtype.itemsize > MAX_SHARD_BYTES:
        problem = f"shards of {shards} given, at most {MAX_SHARD_BYTES >> 30} GiB expected"
    if problem is not None:
        raise StoreError(f"{root}: array {column.name!r} is damaged: {problem}")


def _codec_names(codecs: Any) -> set[str]:
    """Return the names of codecs, and of those within a sharding codec."""
    names = set()
    for codec in codecs:
        names.add(codec["name"])
        settings = codec.get("configuration", {})
        for inner in ("codecs", "index_codecs"):
            names |= _codec_names(settings.get(inner, ()))
    return names


def consolidate(layout: Layout, schema: Schema) -> None:
    """Repeat the metadata of every array in the group's, as zarr does, for opening in one read.

    Written here because zarr's own warns of an extension that is not yet part of version 3.
    """
    names = [column.name for column in schema.columns]
    names += [coordinate.name for coordinate in schema.coordinates]
    members = {name: json.loads((layout.root / name / "zarr.json").read_bytes()) for name in names}
    group = json.loads(layout.metadata.read_bytes())
    group["consolidated_metadata"] = {
        "kind": "inline",
        "must_understand": False,
        "metadata": members,
    }
    layout.replace(layout.metadata, json.dumps(group, indent=2).encode())


def unconsolidate(layout: Layout) -> None:
    """Remove the consolidated metadata before the arrays grow: it would keep their old length."""
    group = json.loads(layout.metadata.read_bytes())
    if group.pop("consolidated_metadata", None) is not None:
        layout.replace(layout.metadata, json.dumps(group, indent=2).encode())
