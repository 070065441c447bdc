"""Load a store of samples for training: prepared arrays in memory, raw rows where asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xmodkit.errors import DataError
from xmodkit.modality import Array
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route, Sample
from xmodkit.reading import samples_in_store

__all__ = ["Dataset", "data_source", "load_dataset", "samples_at"]


@dataclass(frozen=True)
class Dataset:
    """All samples of a store, prepared for one model."""

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    arrays: Mapping[str, Array]
    hash: str
    metadata: tuple[Mapping[str, object], ...]

    def part(self, rows: Array) -> dict[str, Array]:
        """Return the prepared arrays of some rows."""
        return {name: array[rows] for name, array in self.arrays.items()}


def load_dataset(
    path: Path,
    pair: ModalityPair,
    route: Route,
    model: Model,
    group: str,
    progress: Callable[[int], None] = lambda _: None,
) -> Dataset:
    """Read every sample of a store once and prepare it for `model`.

    `group` names the entry of `Sample.groups` that must stay together; a sample without it is a
    group of its own. Raise `DataError` naming the sample if an array does not fit or is not
    finite, or if two samples share an id.
    """
    ids: list[str] = []
    groups: list[str] = []
    metadata: list[Mapping[str, object]] = []
    rows: list[Mapping[str, Array]] = []
    digest = hashlib.sha256()
    for sample in samples_in_store(path, pair, route, every_modality=True):
        _check(sample, pair, route)
        prepared = model.prepare(sample)
        for name in sorted(prepared):
            digest.update(np.ascontiguousarray(prepared[name]).tobytes())
        ids.append(sample.id)
        groups.append(sample.groups.get(group, sample.id))
        metadata.append(sample.metadata)
        rows.append(prepared)
        progress(len(ids))
    if not ids:
        raise DataError(f"{path}: no samples in it")
    if len(set(ids)) != len(ids):
        raise DataError(f"{path}: {len(ids) - len(set(ids))} samples share an id with another")
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    return Dataset(tuple(ids), tuple(groups), arrays, digest.hexdigest(), tuple(metadata))


def samples_at(path: Path, pair: ModalityPair, route: Route, rows: Array) -> Iterator[Sample]:
    """Yield the raw samples of some rows of a store, in its order."""
    wanted = {int(row) for row in rows}
    for sample in samples_in_store(path, pair, route, every_modality=True):
        if sample.ordinal in wanted:
            yield sample


def _check(sample: Sample, pair: ModalityPair, route: Route) -> None:
    try:
        for name in (route.source, route.target):
            pair.modality(name).check(sample.arrays.get(name, {}))
    except DataError as error:
        raise DataError(f"sample {sample.id}: {error}") from error


def data_source(data: Dataset) -> str:
    """Return `simulated` unless every sample was measured."""
    return "simulated" if any(m.get("simulated") for m in data.metadata) else "local"
