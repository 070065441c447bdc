"""Turn one input into checked, encoded samples: what the reading threads do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xmodkit.errors import InputError, UsageError, XmodError
from xmodkit.inputs import InputFile
from xmodkit.modality import Array, Arrays, Field, Modality
from xmodkit.pair import Failure, ModalityPair, Options, Route, Sample
from xmodkit.records import INPUT_PREFIX

__all__ = ["Finished", "Item", "Reader", "Ready", "describe", "samples_in_store", "whole_samples"]


@dataclass(frozen=True)
class Ready:
    """A sample that has been read, checked and encoded, and the key it is resumed by."""

    sample: Sample
    rows: tuple[Arrays, ...]
    key: str

    @property
    def nbytes(self) -> int:
        """Return how much memory its rows take."""
        return sum(array.nbytes for row in self.rows for array in row.values())


@dataclass(frozen=True)
class Finished:
    """The end of an input.

    `complete` if none of its samples failed and the store does not say so yet; `skipped` if an
    earlier run did all of them.
    """

    key: str
    complete: bool
    skipped: bool = False


Item = Ready | Failure | Finished


class Reader:
    """Reads inputs for one route; samples that an earlier run stored are left out.

    `fields` are the predictor's inputs, which encoded rows must fit. With `debug` an unexpected
    error is raised instead of becoming that input's failure.
    """

    def __init__(
        self,
        pair: ModalityPair,
        route: Route,
        options: Options,
        done: Set[str] = frozenset(),
        finished: Set[str] = frozenset(),
        *,
        fields: Sequence[Field] = (),
        debug: bool = False,
    ) -> None:
        self.pair = pair
        self.route = route
        self.options = options
        self.done = done
        self.finished = finished
        self.encoded = Modality(f"{route.source}, encoded", tuple(fields))
        self.debug = debug

    def read(self, file: InputFile) -> Iterator[Item]:
        """Yield what one input holds; whatever goes wrong becomes a failure of that input.

        Raise `UsageError` for options that cannot mean anything: they would fail every input.
        """
        key, complete, done, new = "", True, 0, 0
        try:
            key = file.key()
            if key in self.finished:
                yield Finished(key, complete=False, skipped=True)
                return
            for item in self._samples(file):
                if isinstance(item, Sample) and f"{key}:{item.ordinal}" in self.done:
                    done += 1
                    continue
                new += 1
                ready = self._prepare(item, key) if isinstance(item, Sample) else item
                complete = complete and isinstance(ready, Ready)
                yield ready
        except UsageError:
            raise
        except Exception as error:  # one bad file never stops a batch
            if self.debug and not isinstance(error, XmodError):
                raise
            complete = False
            yield Failure(file.path.name, str(file.path), describe(error, file.path))
        yield Finished(key, complete, skipped=complete and done > 0 and new == 0)

    def _samples(self, file: InputFile) -> Iterator[Sample | Failure]:
        if file.is_store:
            return samples_in_store(file.path, self.pair, self.route)
        return self.pair.read(file.path, self.route, self.options)

    def _prepare(self, sample: Sample, key: str) -> Ready | Failure:
        """Check a sample against its modality, encode it and check nothing was left out."""
        try:
            self.pair.modality(self.route.source).check(sample.arrays.get(self.route.source, {}))
            rows = tuple(self.pair.encode(sample, self.route, self.options))
            if not rows:
                raise InputError("nothing in it to predict from")
            for row in rows:
                self.encoded.check(row)
        except UsageError:
            raise
        except Exception as error:
            if self.debug and not isinstance(error, XmodError):
                raise
            return Failure(sample.id, sample.source, describe(error, sample.source), sample.ordinal)
        return Ready(sample, rows, f"{key}:{sample.ordinal}")


def describe(error: BaseException, where: Path | str) -> str:
    """Return an error as one line that names the file it happened in."""
    text = " ".join(str(error).split()) or type(error).__name__
    if not isinstance(error, XmodError):
        text = f"{type(error).__name__}: {text}"
    return text if str(where) in text else f"{where}: {text}"


def samples_in_store(
    path: Path, pair: ModalityPair, route: Route, *, every_modality: bool = False
) -> Iterator[Sample]:
    """Yield the samples of a store made by `simulate`, `ingest` or `infer`.

    Fields of the route's source (or of every modality that the store holds) are read under their
    own name, or as inputs kept by `infer`. Raise `InputError` if the source is not in it, or if
    every modality is asked for and some were predicted.
    """
    from xmodkit.store import StoreReader

    reader = StoreReader(path)
    if every_modality and "model_hash" in reader.attributes:
        raise InputError(
            f"{path}: holds predictions of `xmod {reader.attributes.get('made_by', 'infer')}`, "
            "which are no truth; give a store made by `xmod ingest`"
        )
    wanted = [m for m in pair.modalities if every_modality or m.name == route.source]
    columns = {
        m.name: {f.name: column for f in m.fields if (column := _column(f.name, reader.fields))}
        for m in wanted
    }
    missing = {f.name for f in pair.modality(route.source).fields} - set(columns[route.source])
    if missing:
        held = ", ".join(reader.fields)
        raise InputError(
            f"{path}: holds no {', '.join(sorted(missing))}, which {route.name} predicts from; "
            f"it holds {held}"
        )
    read = (reader.fields[name] for names in columns.values() for name in names.values())
    coordinates = {a.name: a.coordinates for f in read for a in f.axes if a.coordinates}
    for i, row in enumerate(reader.samples()):
        arrays = {
            modality: {name: row[column] for name, column in names.items()}
            for modality, names in columns.items()
            if names
        }
        yield Sample(
            id=str(row["sample_id"]),
            arrays=arrays,
            source=str(path),
            ordinal=i,
            metadata=_json(row.get("metadata")),
            groups=_json(row.get("groups")),
            coordinates=coordinates,
        )


def whole_samples(path: Path, pair: ModalityPair) -> Iterator[Sample]:
    """Yield the samples of a store with every modality that it holds.

    Raise `InputError` if it holds predictions, or no modality from which the pair predicts.
    """
    from xmodkit.store import StoreReader

    fields = StoreReader(path).fields
    for route in pair.routes:
        if all(_column(item.name, fields) for item in pair.modality(route.source).fields):
            return samples_in_store(path, pair, route, every_modality=True)
    raise InputError(
        f"{path}: holds {', '.join(fields)}; a store of {pair.name} samples expected, which "
        "`xmod simulate` or `xmod ingest` made"
    )


def _column(name: str, fields: Any) -> str | None:
    return next((c for c in (INPUT_PREFIX + name, name) if c in fields), None)


def _json(text: Array | None) -> dict[str, Any]:
    return dict(json.loads(str(text))) if text is not None else {}
