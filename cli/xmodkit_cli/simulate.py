"""`xmod simulate`: write a store of simulated samples."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click

from xmodkit import plugins
from xmodkit.job import default_threads
from xmodkit.output import OutputPaths
from xmodkit.pair import Options, Sample, stored_options
from xmodkit.records import held, sample_columns, sample_rows
from xmodkit.resuming import resume_store
from xmodkit_cli.common import (
    PairCommand,
    debug_option,
    json_option,
    out_option,
    overwrite_option,
    plugin_option,
    print_json,
    required_pair,
    resume_option,
    seed_option,
    split_options,
)
from xmodkit_cli.progress import ProgressLine

__all__ = ["command"]

_CHUNK = 64


@click.command("simulate", cls=PairCommand)
@plugin_option
@click.option("-n", "--n", type=click.IntRange(1), required=True, help="How many samples.")
@seed_option
@out_option
@click.option("--workers", type=click.IntRange(1), help="Processes; one per core by default.")
@resume_option
@overwrite_option
@json_option
@debug_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    plugin: str | None,
    n: int,
    seed: int,
    out: Path | None,
    workers: int | None,
    resume: bool,
    overwrite: bool,
    as_json: bool,
    debug: bool,
    **own: Any,
) -> int:
    """Write a store of simulated samples; the same seed gives the same samples.

    Example: xmod simulate --plugin uvvis -n 2000 --seed 1 --out sim.zarr
    """
    from xmodkit.store import StoreWriter

    pair = required_pair(ctx)
    options = split_options(pair, own)
    target = OutputPaths.at(out or Path(f"{pair.name}.zarr"))
    target.prepare(resume=resume, overwrite=overwrite)
    path = target.store
    attributes = {
        "plugin": pair.name,
        "seed": seed,
        "made_by": "simulate",
        "options": stored_options(options),
    }
    writer = resume_store(path, attributes) if resume else None
    if writer is None:
        first = next(iter(pair.simulate(1, seed, options)))
        columns = sample_columns(held(first, pair.modalities))
        writer = StoreWriter.create(path, columns, attributes=attributes)
    line = ProgressLine("simulate")
    with writer:
        start = len(writer)
        for samples in _simulated(pair.name, start, n, seed, options, workers or default_threads()):
            rows = sample_rows(samples, held(samples[0], pair.modalities))
            writer.append(rows, keys=[s.id for s in samples])
            line.update(len(writer), n)
        done = len(writer)
    line.close()
    if as_json:
        print_json({"samples": done, "skipped": start, "seed": seed, "store": str(path)})
    else:
        click.echo(f"{done} simulated samples in {path}")
    return 0


def _simulated(
    name: str, start: int, stop: int, seed: int, options: Options, workers: int
) -> Iterator[list[Sample]]:
    """Yield chunks of samples in order, simulated by several processes."""
    starts = range(start, stop, _CHUNK)
    chunk = partial(_chunk, name, stop, seed, dict(options))
    if workers == 1 or len(starts) < 2:
        yield from map(chunk, starts)
        return
    # Not fork: threads of the parent (store, OpenMP) may hold locks.
    with _one_thread_each(), ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        pending = []
        for first in starts:
            pending.append(pool.submit(chunk, first))
            if len(pending) > 2 * workers:  # bounded: the store may be slower than the physics
                yield pending.pop(0).result()
        for future in pending:
            yield future.result()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let child processes start with one BLAS thread: two per core slow each other 20-fold."""
    before = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    os.environ.update(dict.fromkeys(before, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _chunk(name: str, stop: int, seed: int, options: dict[str, Any], first: int) -> list[Sample]:
    n = min(_CHUNK, stop - first)
    return list(plugins.pair(name).simulate(n, seed, options, start=first))
