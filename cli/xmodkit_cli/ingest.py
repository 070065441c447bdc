"""`xmod ingest`: read raw measurements into a store of samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xmodkit.errors import UsageError
from xmodkit.ingest import Ingested, IngestJob, ingest
from xmodkit.inputs import find_inputs
from xmodkit.job import Progress
from xmodkit.output import OutputPaths, default_output
from xmodkit_cli.common import (
    EXIT_INTERRUPTED,
    EXIT_SOME_FAILED,
    PATH,
    PairCommand,
    debug_option,
    echo,
    json_option,
    out_option,
    overwrite_option,
    plugin_option,
    print_json,
    required_pair,
    resume_option,
    split_options,
)
from xmodkit_cli.progress import ProgressLine

__all__ = ["command"]


@click.command("ingest", cls=PairCommand)
@click.argument("paths", nargs=-1, type=PATH)
@plugin_option
@out_option
@resume_option
@overwrite_option
@json_option
@debug_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    paths: tuple[Path, ...],
    plugin: str | None,
    out: Path | None,
    resume: bool,
    overwrite: bool,
    as_json: bool,
    debug: bool,
    **own: Any,
) -> int:
    """Read raw measurements into a store of samples: checked, each content once.

    Example: xmod ingest --plugin uvvis raw/ --out samples.zarr
    """
    if not paths:
        raise UsageError("no input given; name files or folders of raw measurements")
    pair = required_pair(ctx)
    suffixes = (*pair.suffixes, *pair.raw_suffixes)
    target = OutputPaths.at(out or default_output(paths[0], pair.name))
    inputs = find_inputs(paths, suffixes, leave_out=target.places)
    if not inputs.files:
        echo(f"nothing to read here: {pair.name} reads {', '.join(suffixes)}")
    target.prepare(resume=resume, overwrite=overwrite, inputs=[file.path for file in inputs.files])
    done = _run(IngestJob(pair, inputs, target, split_options(pair, own), resume))
    _show(done, target, as_json)
    if done.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_SOME_FAILED if done.failed else 0


def _run(job: IngestJob) -> Ingested:
    line = ProgressLine("ingest", " files")

    def progress(state: Progress) -> None:
        failed = f", {state.failed} failed" if state.failed else ""
        line.update(state.files, state.total, f"({state.samples} samples{failed})")

    try:
        return ingest(job, progress, line.say)
    finally:
        line.close()


def _show(done: Ingested, target: OutputPaths, as_json: bool) -> None:
    echo(
        f"{done.out} samples stored, {done.duplicates} duplicates left out, {done.failed} failed, "
        f"{done.skipped} skipped"
    )
    if done.failed:
        echo(f"failed inputs are listed in {target.failed}")
    if done.interrupted:
        echo("interrupted: what was committed is kept; --resume does the rest")
    if as_json:
        print_json(done.to_json())
    elif target.store.exists():
        click.echo(f"store: {target.store}")
