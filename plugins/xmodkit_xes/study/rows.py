"""What a study of components rests on: clusters, one spectrum a sample, and how rows are split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.content import content_hash
from xmodkit.errors import DataError, UsageError
from xmodkit.modality import Arrays
from xmodkit.pair import ModalityPair, Sample
from xmodkit.reading import samples_in_store
from xmodkit.store import StoreReader
from xmodkit_xes.modalities import SPECTRA
from xmodkit_xes.reading.clusters import clusters

__all__ = ["Floats", "Rows", "gathered", "load_rows", "spectrum_in"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """N samples with one spectrum each, and the clusters (one per absorbing site) they consist of.

    `numbers` (M, atom) and `positions` (M, atom, xyz), in Angstrom, are padded with number 0; atom
    0 absorbs, the others follow by distance. Cluster i belongs to sample `owners[i]`. `spectra` are
    (N, channel) at `energy` in eV. `units` name what must stay on one side of a split.
    """

    ids: tuple[str, ...]
    units: tuple[str, ...]
    contents: tuple[str, ...]
    numbers: NDArray[np.int32]
    positions: Floats
    owners: NDArray[np.int64]
    spectra: Floats
    energy: Floats
    metadata: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.ids)

    def average(self, of_clusters: Floats) -> Floats:
        """Return (N, feature) of (M, feature): the mean over a sample's sites."""
        sums = np.zeros((len(self), of_clusters.shape[1]))
        np.add.at(sums, self.owners, of_clusters)
        return sums / np.bincount(self.owners, minlength=len(self))[:, None]

    def clusters_of(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which clusters (M,) belong to some samples."""
        return np.isin(self.owners, rows)


def spectrum_in(store: Path, wanted: str | None) -> str:
    """Return the kind of spectrum that is studied: the one asked for, else the first one held.

    Raise `UsageError` naming what the store holds.
    """
    fields = StoreReader(store).fields
    held = [modality.name for modality in SPECTRA if modality.name in fields]
    if wanted is None and held:
        return held[0]
    if wanted not in held:
        raise UsageError(
            f"{store}: holds no {wanted or 'spectra'}; it holds {', '.join(held) or 'none of them'}"
        )
    return wanted


def load_rows(store: Path, pair: ModalityPair, spectrum: str, unit: str) -> Rows:
    """Read the structures and spectra of a store, as `gathered` does."""
    route = pair.route(f"structure:{spectrum}")
    try:
        return gathered(samples_in_store(store, pair, route, every_modality=True), spectrum, unit)
    except DataError as error:
        raise DataError(f"{store}: {error}") from error


def gathered(samples: Iterable[Sample], spectrum: str, unit: str) -> Rows:
    """Return the clusters and spectra of samples; `unit` names the group that stays together.

    Raise `DataError` if a sample has no such spectrum or no site, or if no sample has the unit
    while some have others.
    """
    kept = list(samples)
    if not kept:
        raise DataError("no samples in it; give a store with some")
    known = {name for sample in kept for name in sample.groups}
    if known and unit not in {*known, "sample"}:
        raise DataError(f"no sample has a {unit}; split by {', '.join(sorted(known))} or sample")
    around: list[Arrays] = []
    owners: list[int] = []
    for owner, sample in enumerate(kept):
        sites = clusters(sample.arrays["structure"])
        if spectrum not in sample.arrays or not sites:
            lacks = "absorbing site" if spectrum in sample.arrays else spectrum
            raise DataError(f"sample {sample.id} has no {lacks}; leave it out")
        around += sites
        owners += [owner] * len(sites)
    spectra = np.stack([sample.arrays[spectrum][spectrum] for sample in kept])
    points = kept[0].coordinates.get(f"{spectrum}_energy", tuple(range(spectra.shape[1])))
    return Rows(
        tuple(sample.id for sample in kept),
        tuple(sample.groups.get(unit, sample.id) for sample in kept),
        tuple(content_hash(sample) for sample in kept),
        _padded([cluster["numbers"] for cluster in around]).astype(np.int32),
        _padded([cluster["positions"] for cluster in around]).astype(np.float64),
        np.array(owners),
        spectra.astype(np.float64),
        np.asarray(points, np.float64),
        kept[0].metadata,
    )


def _padded(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Stack arrays whose first axis differs in extent, zeros behind the shorter ones."""
    longest = max(len(array) for array in arrays)
    out = np.zeros((len(arrays), longest, *arrays[0].shape[1:]), arrays[0].dtype)
    for row, array in zip(out, arrays, strict=True):
        row[: len(array)] = array
    return out
