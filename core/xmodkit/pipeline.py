"""Predict many inputs: read ahead in threads, run whole batches, commit in input order."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from xmodkit.batching import Batcher
from xmodkit.commits import Commit, Commits, open_to_resume
from xmodkit.complete import complete_prediction
from xmodkit.job import Job, Progress, Summary
from xmodkit.output import FailureLog
from xmodkit.pair import Failure, Sample
from xmodkit.readahead import ReadAhead
from xmodkit.reading import Item, Reader, Ready

__all__ = ["run"]

# Rows committed at once: large enough that one fsync is nothing beside predicting them, small
# enough that a killed run repeats less than a second of work.
WINDOW = 256
WINDOW_SECONDS = 1.0
# Samples of many rows (the sites of a crystal) lie padded in memory: no more at once than this.
WINDOW_ROWS = 2048


def run(
    job: Job,
    progress: Callable[[Progress], None] = lambda _: None,
    notice: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Predict every input of a job and return what was done.

    What is committed survives interruption; after Ctrl-C the summary says so instead of raising.
    Raise `UsageError` if a resumed store was made by another model or with other options.
    """
    writer = open_to_resume(job) if job.resume else None
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
    state = _Run(job, Commits(job, writer), FailureLog(job.paths.failed), progress, notice)
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
        commits: Commits,
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
            if self._rows_padded(item) > WINDOW_ROWS:
                self.flush()
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

    def _rows_padded(self, item: Ready) -> int:
        """Return the window's rows with one more sample, each padded to the most of any."""
        most = max(len(ready.rows) for ready in (*self._window, item))
        return most * (len(self._window) + 1) if self._window else 0

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
            combined = job.pair.combine(samples, rows, owners, job.route, job.predictor)
            prediction = complete_prediction(job.pair, job.route, job.predictor, combined)
            self._samples += len(samples)
            if prediction.novel is not None:
                self._novel += int(np.count_nonzero(prediction.novel))
        else:
            prediction = None
        self.commits.put(
            Commit(samples, prediction, [ready.key for ready in window], self._finished)
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


def _nbytes(item: Item) -> int:
    return item.nbytes if isinstance(item, Ready) else 0
