"""Load measured pairs: whole samples of a store, or of raw files that a pair can ingest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit.content import content_hash
from xmodkit.errors import DataError, InputError
from xmodkit.inputs import find_inputs
from xmodkit.modality import Axis, Field
from xmodkit.pair import Failure, ModalityPair, Options, Route, Sample
from xmodkit.reading import samples_in_store

__all__ = ["Pairs", "load_pairs"]


@dataclass(frozen=True)
class Pairs:
    """Samples with both ends of a route, each content once.

    `units` are drawn independently of each other, the samples of one unit are not; `group` is
    what makes them one.
    """

    samples: tuple[Sample, ...]
    units: NDArray[np.str_]
    hash: str
    group: str = "sample"

    @property
    def simulated(self) -> bool:
        """Whether any of them was simulated."""
        return any(sample.metadata.get("simulated") for sample in self.samples)


def load_pairs(
    paths: Sequence[Path],
    pair: ModalityPair,
    route: Route,
    outputs: Sequence[Field],
    options: Options,
    group: str,
    notice: Callable[[str], None] = lambda _: None,
) -> Pairs:
    """Return the pairs of stores or of raw files and folders, in order.

    `outputs` are the fields that a model file bounds: those measured must fit them, coordinates
    too; what it predicts beside the target's fields is left to `ModalityPair.truths`. `group` names
    the entry of `Sample.groups` whose samples make one unit; a sample without it is a unit of its
    own. Raise `InputError` where the target is not what the model predicts.
    """
    samples: list[Sample] = []
    seen: set[str] = set()
    own = {field.name for field in pair.modality(route.target).fields}
    outputs = [field for field in outputs if field.name in own]
    for item in _read(paths, pair, route, outputs, options):
        reason = item.error if isinstance(item, Failure) else _unfit(item, pair, route, outputs)
        if isinstance(item, Failure) or reason:
            notice(f"left out: {item.id}: {reason}")
            continue
        if (content := content_hash(item)) in seen:
            notice(f"left out: {item.id}: the same content was given before")
            continue
        seen.add(content)
        samples.append(item)
    units = np.array([sample.groups.get(group, f"/{sample.id}") for sample in samples], np.str_)
    digest = hashlib.sha256("".join(sorted(seen)).encode()).hexdigest()
    return Pairs(tuple(samples), units, digest, group)


def _read(
    paths: Sequence[Path],
    pair: ModalityPair,
    route: Route,
    outputs: Sequence[Field],
    options: Options,
) -> Iterator[Sample | Failure]:
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder; check the path")
    inputs = find_inputs(paths, (*pair.suffixes, *pair.raw_suffixes)).files
    for file in inputs:
        if file.is_store:
            _check_store(file.path, outputs)
            yield from samples_in_store(file.path, pair, route, every_modality=True)
    if raw := [file.path for file in inputs if not file.is_store]:
        yield from pair.ingest(raw, options)


def _unfit(
    sample: Sample, pair: ModalityPair, route: Route, outputs: Sequence[Field]
) -> str | None:
    """Return why a sample is no pair for this model; None if it is."""
    for modality in (route.source, route.target):
        if not sample.arrays.get(modality):
            return f"has no {modality}"
    try:
        pair.modality(route.source).check(sample.arrays[route.source])
        for field in outputs:
            if field.name not in sample.arrays[route.target]:
                return f"has no {field.name}"
            field.check(sample.arrays[route.target][field.name])
            for axis in field.axes:
                _check_axis(axis, sample.coordinates.get(axis.name))
    except DataError as error:
        return str(error)
    return None


def _check_store(path: Path, outputs: Sequence[Field]) -> None:
    """Raise `InputError` unless a store holds measured fields at the model's coordinates."""
    from xmodkit.store import StoreReader

    held = StoreReader(path).fields
    for field in outputs:
        if field.name not in held:
            raise InputError(
                f"{path}: holds no measured {field.name!r}; it holds {', '.join(held)}"
            )
        for axis, stored in zip(field.axes, held[field.name].axes, strict=False):
            try:
                _check_axis(axis, stored.coordinates)
            except DataError as error:
                raise InputError(f"{path}: {field.name}: {error}") from error


def _check_axis(axis: Axis, given: tuple[float, ...] | None) -> None:
    ours = axis.coordinates
    if ours is None or given is None:
        return
    if len(ours) != len(given) or not np.allclose(ours, given, rtol=1e-5):
        raise DataError(
            f"{axis.name} from {given[0]:g} to {given[-1]:g} {axis.unit} ({len(given)} points) "
            f"given, {ours[0]:g} to {ours[-1]:g} ({len(ours)} points) expected: bring it to the "
            "model's grid"
        )
