"""Predict many inputs: read ahead in threads, run whole batches, commit in input order."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from xmodkit.batching import Batcher
from xmodkit.complete import complete_prediction
from xmodkit.errors import UsageError
from xmodkit.inputs import Inputs
from xmodkit.output import FailureLog, OutputPaths
from xmodkit.pair import Failure, ModalityPair, Options, Predictor, Route, Sample
from xmodkit.pictures import Cards
from xmodkit.prediction import Prediction
from xmodkit.readahead import ReadAhead
from xmodkit.reading import Item, Reader, Ready
from xmodkit.records import prediction_columns, prediction_rows

if TYPE_CHECKING:
    from xmodkit.store import StoreWriter

__all__ = ["Job", "Progress", "Summary", "default_threads", "run"]

# Rows committed at once: large enough that one fsync is nothing beside predicting them, small
# enough that a killed run repeats less than a second of work.
WINDOW = 256
WINDOW_SECONDS = 1.0
_QUEUE = 4


@dataclass(frozen=True)
class Job:
    """All that one run of `infer` is told."""

    pair: ModalityPair
    route: Route
    predictor: Predictor
    inputs: Inputs
    paths: OutputPaths
    model: str
    options: Options = field(default_factory=dict)
    resume: bool = False
    keep_inputs: bool = False
    pictures: int = 48
    batch_size: int = 64
    threads: int = 2
    debug: bool = False

    @property
    def attributes(self) -> dict[str, Any]:
        """What a store says of the run that made it, and what a resumed run must agree with."""
        return {
            "plugin": self.pair.name,
            "route": self.route.name,
            "model": self.model,
            "model_hash": self.predictor.identity,
            "options": {k: str(v) for k, v in sorted(self.options.items()) if v is not None},
            "keep_inputs": self.keep_inputs,
        }


@dataclass(frozen=True)
class Progress:
    """How far a run is: files done of all, samples predicted, inputs failed."""

    files: int
    total: int
    samples: int
    failed: int


@dataclass(frozen=True)
class Summary:
    """What a run did. `in` counts samples; `in = out + failed`."""

    out: int
    failed: int
    skipped: int
    novel: int
    device: str
    samples_per_s: float
    model: str
    store: str
    interrupted: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the keys of the contract."""
        return {
            "in": self.out + self.failed,
            "out": self.out,
            "failed": self.failed,
            "skipped": self.skipped,
            "novel": self.novel,
            "device": self.device,
            "samples_per_s": round(self.samples_per_s, 1),
            "model": self.model,
            "store": self.store,
        }


def run(
    job: Job,
    progress: Callable[[Progress], None] = lambda _: None,
    notice: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Predict every input of a job and return what was done.

    What is committed survives interruption; after Ctrl-C the summary says so instead of raising.
    Raise `UsageError` if a resumed store was made by another model or with other options.
    """
    writer = _open_to_resume(job) if job.resume else None
    done, finished = (writer.keys, writer.finished) if writer else (frozenset(), frozenset())
    reader = Reader(
        job.pair,
        job.route,
        job.options,
        done,
        finished,
        fields=job.predictor.inputs,
        debug=job.debug,
    )
    state = _Run(job, _Commits(job, writer), FailureLog(job.paths.failed), progress, notice)
    ahead = ReadAhead(job.inputs.files, reader.read, _nbytes, job.threads)
    try:
        with ahead, state.commits:
            for item in ahead:
                state.take(item)
            state.flush()
    except KeyboardInterrupt:
        state.interrupted = True
    finally:
        state.failures.close()
    return state.summary()


class _Run:
    """The consumer's state: the window being filled, and what has been counted."""

    def __init__(
        self,
        job: Job,
        commits: _Commits,
        failures: FailureLog,
        progress: Callable[[Progress], None],
        notice: Callable[[str], None],
    ) -> None:
        self.job = job
        self.commits = commits
        self.failures = failures
        self.interrupted = False
        self._progress = progress
        self._notice = notice
        self._batcher = Batcher(
            job.predictor, job.batch_size, job.pair.inputs(job.route, job.options)
        )
        self._window: list[Ready] = []
        self._finished: list[str] = []
        self._said: list[str] = []
        self._files = self._skipped = self._samples = self._novel = 0
        self._started = self._flushed = time.perf_counter()

    def take(self, item: Item) -> None:
        """Count one item that was read, and predict when the window is full."""
        if isinstance(item, Ready):
            self._window.append(item)
            self._say(item.sample)
        elif isinstance(item, Failure):
            self.failures.add(item)
            self._notice(item.error)
        else:
            self._files += 1
            self._skipped += item.skipped
            if item.complete:
                self._finished.append(item.key)
        full = len(self._window) >= WINDOW
        if full or time.perf_counter() - self._flushed > WINDOW_SECONDS:
            self.flush()

    def _say(self, sample: Sample) -> None:
        """Pass on a sample's notices, once where all samples of a file have the same."""
        lines = [f"{sample.source}: {text}" for text in sample.notices]
        for line in lines:
            if line not in self._said:
                self._notice(line)
        self._said = lines

    def flush(self) -> None:
        """Predict the window and hand it to the writer."""
        if self._window or self._finished:
            self._predict()
        self._flushed = time.perf_counter()
        self._progress(
            Progress(self._files, len(self.job.inputs.files), self._samples, self.failures.count)
        )

    def _predict(self) -> None:
        job, window = self.job, self._window
        samples = [ready.sample for ready in window]
        if samples:
            owners = [i for i, ready in enumerate(window) for _ in ready.rows]
            rows = self._batcher.run([row for ready in window for row in ready.rows])
            combined = job.pair.combine(samples, rows, owners, job.route)
            prediction = complete_prediction(job.pair, job.route, job.predictor, combined)
            self._samples += len(samples)
            if prediction.novel is not None:
                self._novel += int(np.count_nonzero(prediction.novel))
        else:
            prediction = None
        self.commits.put(
            _Commit(samples, prediction, [ready.key for ready in window], self._finished)
        )
        self._window, self._finished = [], []

    def summary(self) -> Summary:
        """Return what was done so far."""
        seconds = time.perf_counter() - self._started
        return Summary(
            out=self.commits.rows,
            failed=self.failures.count,
            skipped=self._skipped + self.job.inputs.skipped,
            novel=self._novel,
            device=self.job.predictor.device,
            samples_per_s=self.commits.rows / seconds,
            model=self.job.model,
            store=str(self.job.paths.store),
            interrupted=self.interrupted,
        )


@dataclass(frozen=True)
class _Commit:
    samples: Sequence[Sample]
    prediction: Prediction | None
    keys: Sequence[str]
    finished: Sequence[str]


class _Commits:
    """The one writer: a thread that stores batches in the order they are put."""

    def __init__(self, job: Job, writer: StoreWriter | None) -> None:
        self.rows = 0
        self._job = job
        self._writer = writer
        self._cards = Cards(job.paths.figures, job.pictures, len(writer) if writer else 0)
        self._queue: queue.Queue[_Commit | None] = queue.Queue(_QUEUE)
        self._error: BaseException | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, name="xmodkit-write", daemon=True)

    def __enter__(self) -> _Commits:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._finish()
        except KeyboardInterrupt:  # what was handed over is committed; a second one ends that too
            self._finish()
            raise
        if self._error is not None:
            raise self._error
        self._cards.finish(self._job.pair.name)

    def _finish(self) -> None:
        self._queue.put(None)
        self._done.wait()  # not join: once interrupted, a second join no longer waits (Python 3.11)
        self._thread.join()
        if self._writer is not None:
            self._writer.close()

    def put(self, commit: _Commit) -> None:
        """Hand over one batch; raise what stopped the writer, if anything did."""
        if self._error is not None:
            raise self._error
        self._queue.put(commit)

    def _work(self) -> None:
        while (commit := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._store(commit)
                except BaseException as error:  # raised in the consumer by `put` or on leaving
                    self._error = error
        self._done.set()

    def _store(self, commit: _Commit) -> None:
        job = self._job
        kept = job.pair.modality(job.route.source) if job.keep_inputs else None
        if commit.prediction is None:
            if self._writer is not None:
                self._writer.append({}, finished=commit.finished)
            return
        if self._writer is None:
            self._writer = _create(job, commit.prediction)
        self._show(commit.samples, commit.prediction)
        rows = prediction_rows(commit.samples, commit.prediction, kept)
        self._writer.append(rows, keys=commit.keys, finished=commit.finished)
        self.rows += len(commit.samples)

    def _show(self, samples: Sequence[Sample], prediction: Prediction) -> None:
        """Write the pair's own files and cards before the commit: a repeat overwrites them."""
        pair = self._job.pair
        writes = type(pair).write is not ModalityPair.write
        if writes:
            self._job.paths.files.mkdir(parents=True, exist_ok=True)
        for i, sample in enumerate(samples):
            if writes:
                pair.write(sample, prediction[i], self._job.paths.files)
            if self._cards.wanted:
                self._cards.add(pair.draw(sample, prediction[i], self._job.route))


def _create(job: Job, prediction: Prediction) -> StoreWriter:
    from xmodkit.store import StoreWriter

    kept = job.pair.modality(job.route.source) if job.keep_inputs else None
    outputs = job.pair.outputs(job.route, job.predictor)
    columns = prediction_columns(prediction, outputs, job.pair.derived(job.route), kept)
    return StoreWriter.create(job.paths.store, columns, attributes=job.attributes)


def _open_to_resume(job: Job) -> StoreWriter | None:
    from xmodkit.store import StoreWriter, is_store

    if not is_store(job.paths.store):
        return None  # killed before its first commit, or never begun
    writer = StoreWriter.resume(job.paths.store)
    for name, value in job.attributes.items():
        if name != "model" and writer.attributes.get(name) != value:
            writer.close()
            raise UsageError(
                f"{job.paths.store}: was made with {name} {writer.attributes.get(name)}, now "
                f"{value}: resume with the same, or write to another --out"
            )
    return writer


def _nbytes(item: Item) -> int:
    return item.nbytes if isinstance(item, Ready) else 0


def default_threads() -> int:
    """Return how many threads read ahead: one per core, four at most."""
    return min(4, os.cpu_count() or 1)
