"""Read raw measurements, or other stores, into one store of samples, for any pair."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xmodkit.content import content_hash
from xmodkit.errors import DataError, XmodError
from xmodkit.inputs import Inputs, real_path
from xmodkit.job import Progress
from xmodkit.modality import Axis, Modality
from xmodkit.output import FailureLog, OutputPaths
from xmodkit.pair import Failure, ModalityPair, Options, Sample, stored_options
from xmodkit.reading import whole_samples
from xmodkit.records import held, sample_columns, sample_rows
from xmodkit.resuming import resume_store

if TYPE_CHECKING:
    from xmodkit.store import StoreWriter

__all__ = ["IngestJob", "Ingested", "ingest"]

# Rows committed at once, as in `pipeline`: a killed run repeats less than a second of writing.
WINDOW = 256
WINDOW_SECONDS = 1.0


@dataclass(frozen=True)
class IngestJob:
    """All that one run of `ingest` is told."""

    pair: ModalityPair
    inputs: Inputs
    paths: OutputPaths
    options: Options = field(default_factory=dict)
    resume: bool = False

    @property
    def attributes(self) -> dict[str, Any]:
        """What a store says of the run that made it, and what a resumed run must agree with."""
        return {
            "plugin": self.pair.name,
            "made_by": "ingest",
            "options": stored_options(self.options),
        }


@dataclass(frozen=True)
class Ingested:
    """What a run did. `in` counts samples; `in = out + failed + duplicates`.

    `skipped` counts files of other kinds, and samples that an earlier run stored.
    """

    out: int
    failed: int
    duplicates: int
    skipped: int
    store: str
    interrupted: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the summary that `--json` prints."""
        return {
            "in": self.out + self.failed + self.duplicates,
            "out": self.out,
            "failed": self.failed,
            "duplicates": self.duplicates,
            "skipped": self.skipped,
            "store": self.store,
        }


def ingest(
    job: IngestJob,
    progress: Callable[[Progress], None] = lambda _: None,
    notice: Callable[[str], None] = lambda _: None,
) -> Ingested:
    """Store every sample of a job's inputs once, and return what was done.

    Inputs are raw files, which the pair reads, and stores of samples, which come after them: so
    sets are merged. Each sample is checked against its modalities; the first one decides which of
    them the store holds, and on which coordinates. A sample whose arrays equal those of one stored
    before is a duplicate: counted, named by a notice and left out. What is committed survives a
    kill: a resumed run reads all files again, and stores what is not there yet. Raise `UsageError`
    if the store to resume was made with other options.
    """
    run = _Run(job, progress, notice)
    interrupted = False
    try:
        for item in run.items():
            run.take(item)
        run.flush()
    except KeyboardInterrupt:
        interrupted = True
    finally:
        run.close()
    return Ingested(
        out=run.out,
        failed=run.failures.count,
        duplicates=run.duplicates,
        skipped=run.skipped + job.inputs.skipped,
        store=str(job.paths.store),
        interrupted=interrupted,
    )


class _Run:
    """The state of one run: the store, what is in it, and the window being filled."""

    def __init__(
        self, job: IngestJob, progress: Callable[[Progress], None], notice: Callable[[str], None]
    ) -> None:
        self.job = job
        self.out = self.duplicates = self.skipped = 0
        self._progress = progress
        self._notice = notice
        self._writer = resume_store(job.paths.store, job.attributes) if job.resume else None
        self.failures = FailureLog(job.paths.failed)
        self._modalities: tuple[Modality, ...] = ()
        self._done: frozenset[str] = frozenset()
        self._named: dict[str, str] = {}  # content to the id of the sample that has it
        if self._writer is not None:
            self._recall(self._writer)
        self._ids = set(self._named.values())
        self._window: list[tuple[Sample, str]] = []
        self._said: set[str] = set()
        self._places = {str(file.path): i for i, file in enumerate(job.inputs.files, 1)}
        self._file = 0
        self._flushed = time.perf_counter()

    def _recall(self, writer: StoreWriter) -> None:
        """Read which samples the store to resume has, and what they look like."""
        from xmodkit.store import StoreReader

        self._done = writer.keys
        reader = StoreReader(self.job.paths.store)
        contents = (key.rpartition(":")[2] for key in reader.keys)
        self._named = dict(zip(contents, map(str, reader.read("sample_id")), strict=True))
        stored = (axis for item in writer.fields.values() for axis in item.axes)
        coordinates = {axis.name: axis.coordinates for axis in stored if axis.coordinates}
        self._modalities = tuple(
            modality.at(coordinates)
            for modality in self.job.pair.modalities
            if all(item.name in writer.fields for item in modality.fields)
        )

    def items(self) -> Iterator[Sample | Failure]:
        """Yield the samples of the raw files, then those of stores."""
        files: list[Path] = []
        stores: list[Path] = []
        for file in self.job.inputs.files:
            if file.is_store:
                stores.append(file.path)
            elif not file.path.is_file():
                self._fail(file.path, "no such file or folder; check the path")
            else:
                files.append(file.path)
        if files:
            yield from self.job.pair.ingest(files, self.job.options)
        for path in stores:
            yield from self._of_store(path)

    def _of_store(self, path: Path) -> Iterator[Sample | Failure]:
        try:
            yield from whole_samples(path, self.job.pair)
        except XmodError as error:
            yield Failure(path.name, str(path), str(error))

    def _fail(self, path: Path, why: str) -> None:
        self.take(Failure(path.name, str(path), f"{path}: {why}"))

    def take(self, item: Sample | Failure) -> None:
        """Take one item that the pair read: store it, or say why not."""
        self._file = max(self._file, self._places.get(item.source, 0))
        if isinstance(item, Sample):
            item = self._sort(item) or item
        if isinstance(item, Failure):
            self.failures.add(item)
            self._notice(item.error)
        waited = time.perf_counter() - self._flushed
        if len(self._window) >= WINDOW or waited > WINDOW_SECONDS:
            self.flush()

    def _sort(self, sample: Sample) -> Failure | None:
        """Put a sample into the window unless it is there already; return why it cannot be."""
        for text in sample.notices:
            if text not in self._said:  # thousands of files say the same
                self._notice(f"{sample.source}: {text}")
            self._said.add(text)
        try:
            self._check(sample)
        except DataError as error:
            text = f"{sample.source}: {sample.id}: {error}"
            return Failure(sample.id, sample.source, text, sample.ordinal)
        content = content_hash(sample)[:32]
        key = f"{_place(sample)}:{content}"
        if key in self._done:
            self.skipped += 1
        elif content in self._named:
            self.duplicates += 1
            self._notice(
                f"{sample.source}: {sample.id} has the content of {self._named[content]}: left out"
            )
        elif sample.id in self._ids:
            text = (
                f"{sample.source}: another sample with other content is named {sample.id}; rename "
                "one, or read changed files with --overwrite"
            )
            return Failure(sample.id, sample.source, text, sample.ordinal)
        else:
            self._named[content] = sample.id
            self._ids.add(sample.id)
            self._window.append((sample, key))
        return None

    def _check(self, sample: Sample) -> None:
        """Raise `DataError` unless a sample holds what the store holds, on its coordinates."""
        found = held(sample, self.job.pair.modalities)
        wanted = self._modalities or found
        if not found or _names(found) != _names(wanted):
            raise DataError(
                f"holds {_names(found) or 'nothing'} where the store holds {_names(wanted)}; "
                "ingest each kind into a store of its own"
            )
        for modality, stored in zip(found, wanted, strict=True):
            modality.check(sample.arrays[modality.name])
            if _axes(modality) != _axes(stored):
                raise DataError(
                    f"{modality.name} is on other coordinates than in the store; ingest each grid "
                    "into a store of its own"
                )
        self._modalities = wanted

    def flush(self) -> None:
        """Commit the window."""
        if self._window:
            if self._writer is None:
                self._writer = self._create()
            samples, keys = zip(*self._window, strict=True)
            self._writer.append(sample_rows(samples, self._modalities), keys=keys)
            self.out += len(samples)
            self._window = []
        self._flushed = time.perf_counter()
        files = len(self.job.inputs.files)
        self._progress(Progress(self._file, files, self.out, self.failures.count))

    def _create(self) -> StoreWriter:
        from xmodkit.store import StoreWriter

        columns = sample_columns(self._modalities)
        return StoreWriter.create(self.job.paths.store, columns, attributes=self.job.attributes)

    def close(self) -> None:
        """Close the store and the list of failures."""
        self.failures.close()
        if self._writer is not None:
            self._writer.close()


def _names(modalities: Sequence[Modality]) -> str:
    return " and ".join(modality.name for modality in modalities)


def _axes(modality: Modality) -> list[tuple[Axis, ...]]:
    return [item.axes for item in modality.fields]


def _place(sample: Sample) -> str:
    """Return a short hash of where a sample came from."""
    text = f"{real_path(Path(sample.source))}\n{sample.ordinal}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
