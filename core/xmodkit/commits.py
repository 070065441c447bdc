"""The one writer of a run: a thread that stores batches in the order they are handed over."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xmodkit.job import Job
from xmodkit.pair import ModalityPair, Sample
from xmodkit.pictures import Cards
from xmodkit.prediction import Prediction
from xmodkit.records import prediction_columns, prediction_rows
from xmodkit.resuming import resume_store

if TYPE_CHECKING:
    from PIL import Image

    from xmodkit.store import StoreWriter

__all__ = ["Commit", "Commits", "open_to_resume"]

_QUEUE = 4  # batches waiting to be stored


@dataclass(frozen=True)
class Commit:
    """One batch to store, and the inputs that it completes; no prediction if it has no samples."""

    samples: Sequence[Sample]
    prediction: Prediction | None
    keys: Sequence[str]
    finished: Sequence[str]


class Commits:
    """The one writer: a thread that stores batches in the order they are put."""

    def __init__(self, job: Job, writer: StoreWriter | None) -> None:
        self.rows = 0
        self._job = job
        self._writer = writer
        self._cards = Cards(job.paths.figures, job.pictures, len(writer) if writer else 0)
        self._queue: queue.Queue[Commit | None] = queue.Queue(_QUEUE)
        self._error: BaseException | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, name="xmodkit-write", daemon=True)

    def __enter__(self) -> Commits:
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
        files = self._job.paths.files
        if files in self._job.paths.places and files.is_dir() and not any(files.iterdir()):
            files.rmdir()  # a route whose samples have no files of their own

    def _finish(self) -> None:
        self._queue.put(None)
        self._done.wait()  # not join: once interrupted, a second join no longer waits (Python 3.11)
        self._thread.join()
        if self._writer is not None:
            self._writer.close()

    def put(self, commit: Commit) -> None:
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

    def _store(self, commit: Commit) -> None:
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
                self._cards.add(self._draw(sample, prediction[i]))

    def _draw(self, sample: Sample, prediction: Prediction) -> Image.Image | None:
        """Return a sample's card; none if the pair fails to draw it: results go first."""
        try:
            return self._job.pair.draw(sample, prediction, self._job.route)
        except Exception:
            if self._job.debug:
                raise
            return None


def _create(job: Job, prediction: Prediction) -> StoreWriter:
    from xmodkit.store import StoreWriter

    kept = job.pair.modality(job.route.source) if job.keep_inputs else None
    outputs = job.pair.outputs(job.route, job.predictor)
    columns = prediction_columns(prediction, outputs, job.pair.derived(job.route), kept)
    return StoreWriter.create(job.paths.store, columns, attributes=job.attributes)


def open_to_resume(job: Job) -> StoreWriter | None:
    """Return the writer of the store to go on with, None if there is none yet.

    Raise `UsageError` if it was made by another model (known by its hash) or with other options.
    """
    attributes = {name: value for name, value in job.attributes.items() if name != "model"}
    return resume_store(job.paths.store, attributes)
