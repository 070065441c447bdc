"""Load a store of samples for training: prepared arrays in memory or on disk, raw rows on call."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from xmodkit.content import content_hash
from xmodkit.errors import DataError
from xmodkit.modality import Array, Arrays
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route, Sample
from xmodkit.reading import samples_in_store
from xmodkit.store import StoreReader

__all__ = ["Dataset", "Memory", "data_origins", "data_source", "load_dataset", "samples_at"]

Memory = Literal["auto", "all", "blocks"]

_COPY_ROWS = 1024
_SHARE = 0.4  # of the free memory that `auto` fills: a part of it is copied for training


@dataclass(frozen=True)
class Dataset:
    """All samples of a store, prepared for one model.

    `contents` are hashes of their raw arrays, `hash` is one of them all.
    """

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    arrays: Mapping[str, Array]
    hash: str
    metadata: tuple[Mapping[str, object], ...]
    contents: tuple[str, ...]

    def part(self, rows: Array, name: str = "part") -> dict[str, Array]:
        """Return the prepared arrays of some rows: in memory, or in files called after `name`."""
        return {key: _take(array, rows, name) for key, array in self.arrays.items()}


def load_dataset(
    path: Path,
    pair: ModalityPair,
    route: Route,
    model: Model,
    group: str,
    progress: Callable[[int], None] = lambda _: None,
    *,
    memory: Memory = "all",
    cache: Path | None = None,
) -> Dataset:
    """Read every sample of a store once and prepare it for `model`.

    `group` names the entry of `Sample.groups` that must stay together (`sample`: nothing must); a
    sample without it is a group of its own. With `memory="blocks"`, or `auto` and more data than
    memory, prepared arrays lie in files in the folder `cache`: reading them again is far quicker
    than preparing samples in every epoch.

    Raise `DataError` naming the sample if an array does not fit or is not finite, if two samples
    share an id, or if no sample has the group while some have others.
    """
    ids: list[str] = []
    groups: list[str] = []
    contents: list[str] = []
    metadata: list[Mapping[str, object]] = []
    known: set[str] = set()
    arrays: dict[str, Array] = {}
    digest = hashlib.sha256()
    n = len(StoreReader(path))
    for sample in samples_in_store(path, pair, route, every_modality=True):
        _check(sample, pair, model)
        prepared = _prepare(sample, model)
        if not arrays:
            arrays = _allocate(prepared, n, _on_disk(memory, prepared, n), cache or path.parent)
        for name in sorted(prepared):
            if prepared[name].shape != arrays[name].shape[1:]:
                raise DataError(
                    f"sample {sample.id}: {name} prepared as {prepared[name].shape}, "
                    f"{arrays[name].shape[1:]} as in the samples before it expected"
                )
            arrays[name][len(ids)] = prepared[name]
        ids.append(sample.id)
        groups.append(sample.groups.get(group, sample.id))
        known.update(sample.groups)
        contents.append(content_hash(sample))
        # What was read, not what was prepared: that may differ in its last digits with the threads.
        digest.update(contents[-1].encode())
        metadata.append(sample.metadata)
        progress(len(ids))
    if not ids:
        raise DataError(f"{path}: no samples in it")
    if len(set(ids)) != len(ids):
        raise DataError(f"{path}: {len(ids) - len(set(ids))} samples share an id with another")
    if known and group not in {*known, "sample"}:
        raise DataError(
            f"{path}: no sample has a {group}; split by {', '.join(sorted(known))} or sample"
        )
    return Dataset(
        tuple(ids), tuple(groups), arrays, digest.hexdigest(), tuple(metadata), tuple(contents)
    )


def samples_at(path: Path, pair: ModalityPair, route: Route, rows: Array) -> Iterator[Sample]:
    """Yield the raw samples of some rows of a store, in its order."""
    wanted = {int(row) for row in rows}
    for sample in samples_in_store(path, pair, route, every_modality=True):
        if sample.ordinal in wanted:
            yield sample


def data_source(data: Dataset) -> str:
    """Return `simulated` unless every sample was measured."""
    return "simulated" if any(m.get("simulated") for m in data.metadata) else "local"


def data_origins(data: Dataset) -> list[dict[str, str]]:
    """Return what the samples say of the data they are from, and of its licence, each once."""
    found = {
        (str(m.get("data", "")), str(m.get("licence", "")))
        for m in data.metadata
        if "data" in m or "licence" in m
    }
    return [{"data": said, "licence": licence} for said, licence in sorted(found)]


def _check(sample: Sample, pair: ModalityPair, model: Model) -> None:
    """Check every modality that the model's routes speak of and the sample has."""
    used = {end for route in model.routes for end in route.split(":")}
    try:
        for name in sorted(used & sample.arrays.keys()):
            pair.modality(name).check(sample.arrays[name])
    except DataError as error:
        raise DataError(f"sample {sample.id}: {error}") from error


def _prepare(sample: Sample, model: Model) -> Arrays:
    try:
        return model.prepare(sample)
    except KeyError as error:
        held = ", ".join(sample.arrays) or "nothing"
        raise DataError(
            f"sample {sample.id}: model {model.name} needs {error}, the store holds {held}"
        ) from error


def _on_disk(memory: Memory, row: Arrays, n: int) -> bool:
    if memory != "auto":
        return memory == "blocks"
    if "SC_AVPHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return False  # Windows and macOS do not say what is free
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return n * sum(array.nbytes for array in row.values()) > _SHARE * free


def _allocate(row: Arrays, n: int, on_disk: bool, folder: Path) -> dict[str, Array]:
    """Return arrays for n rows like this one, in memory or mapped from files."""
    if not on_disk:
        return {name: np.empty((n, *a.shape), a.dtype) for name, a in row.items()}
    folder.mkdir(parents=True, exist_ok=True)
    return {
        name: _mapped(folder / f"{name}.npy", (n, *a.shape), a.dtype) for name, a in row.items()
    }


def _mapped(path: Path, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Array:
    array: Array = np.lib.format.open_memmap(path, "w+", dtype, shape)
    return array


def _take(array: Array, rows: Array, name: str) -> Array:
    if not isinstance(array, np.memmap):
        taken: Array = array[rows]
        return taken
    source = Path(str(array.filename))
    path = source.with_name(f"{source.stem}.{name}.npy")
    copy = _mapped(path, (len(rows), *array.shape[1:]), array.dtype)
    for i in range(0, len(rows), _COPY_ROWS):
        copy[i : i + _COPY_ROWS] = array[rows[i : i + _COPY_ROWS]]
    return copy
