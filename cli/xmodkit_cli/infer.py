"""`xmod infer`: predict for files, folders or a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xmodkit.errors import PluginError, UsageError, XmodError
from xmodkit.inputs import Inputs, find_inputs
from xmodkit.job import Job, Progress, Summary, default_threads
from xmodkit.output import OutputPaths, default_output, make_folder
from xmodkit.pair import ModalityPair, Options, Route
from xmodkit.pipeline import run
from xmodkit.predictor import BANDS, Band, with_band
from xmodkit.reading import describe
from xmodkit.sheet import contact_sheet, pages
from xmodkit_cli.common import (
    EXIT_INTERRUPTED,
    EXIT_SOME_FAILED,
    PATH,
    PairCommand,
    debug_option,
    device_option,
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
from xmodkit_cli.models import route_of, say_where_trust_comes_from
from xmodkit_cli.progress import ProgressLine
from xmodkit_cli.tables import check_csv, short_table, write_csv

__all__ = ["command"]

_CROP = 256  # px: larger pictures get a file of their own


@click.command("infer", cls=PairCommand)
@click.argument("paths", nargs=-1, type=PATH)
@plugin_option
@click.option("--model", type=PATH, help="A model file in place of the shipped one.")
@click.option("--route", help="SOURCE:TARGET; the pair's first route by default.")
@out_option
@click.option("--csv", type=PATH, help="Write a table as well.")
@device_option
@resume_option
@overwrite_option
@click.option("--keep-inputs", is_flag=True, help="Store the inputs beside the predictions.")
@click.option(
    "--band",
    type=click.Choice(BANDS),
    default="pointwise",
    show_default=True,
    help="What lies within bounds with their coverage: each point, or the whole curve.",
)
@click.option("--preview", is_flag=True, help="Draw what would be read; predict nothing.")
@click.option("--dry-run", is_flag=True, help="List what would be read; predict nothing.")
@click.option(
    "--pictures",
    type=click.IntRange(0),
    default=48,
    show_default=True,
    help="Draw this many samples on contact sheets.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    help="Rows predicted at once; the pair's own by default.",
)
@click.option("--threads", type=click.IntRange(1), help="Threads that read ahead.")
@json_option
@debug_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    paths: tuple[Path, ...],
    plugin: str | None,
    model: Path | None,
    route: str | None,
    out: Path | None,
    csv: Path | None,
    device: str,
    resume: bool,
    overwrite: bool,
    keep_inputs: bool,
    band: Band,
    preview: bool,
    dry_run: bool,
    pictures: int,
    batch_size: int | None,
    threads: int | None,
    as_json: bool,
    debug: bool,
    **own: Any,
) -> int:
    """Predict one modality from another, for files, folders or a store.

    Example: xmod infer --plugin uvvis scans/ --csv gaps.csv
    """
    if not paths:
        raise UsageError("no input given; name files, folders or a store")
    pair = required_pair(ctx)
    options = split_options(pair, own)
    direction = route_of(model, pair, route) if model else pair.route(route)
    target = OutputPaths.at(out or default_output(paths[0], pair.name))
    suffixes = pair.suffixes_of(direction)
    inputs = find_inputs(paths, suffixes, leave_out=target.places)
    if not inputs.files:
        echo(f"nothing to read here: {pair.name} reads {', '.join(suffixes)}")
    if dry_run:
        return _list(inputs, as_json)
    if preview:
        return _preview(pair, direction, inputs, target, options, as_json)
    predictor = with_band(pair.predictor(direction, model, device, options), band)
    pair = pair.configured(options, predictor)
    say_where_trust_comes_from(predictor)
    if csv is not None:
        check_csv(csv)
    target.prepare(resume=resume, overwrite=overwrite, inputs=[file.path for file in inputs.files])
    job = Job(
        pair=pair,
        route=direction,
        predictor=predictor,
        inputs=inputs,
        paths=target,
        model=_model_name(pair, direction, model, options),
        options=options,
        resume=resume,
        band=band,
        keep_inputs=keep_inputs,
        pictures=pictures,
        batch_size=batch_size or pair.batch_size,
        threads=threads or default_threads(),
        debug=debug,
    )
    summary = _run(job)
    _show(summary, job, csv, as_json)
    if summary.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_SOME_FAILED if summary.failed else 0


def _run(job: Job) -> Summary:
    line = ProgressLine(job.pair.name, " files")

    def progress(state: Progress) -> None:
        failed = f", {state.failed} failed" if state.failed else ""
        line.update(state.files, state.total, f"({state.samples} samples{failed})")

    try:
        return run(job, progress, line.say)
    finally:
        line.close()


def _model_name(pair: ModalityPair, route: Route, model: Path | None, options: Options) -> str:
    """Return what a store names as its model: a file, or the pair's own solver."""
    if model is not None:
        return str(model)
    try:
        return pair.model_file(route, options).name
    except PluginError:
        return f"{pair.name} solver"


def _list(inputs: Inputs, as_json: bool) -> int:
    for file in inputs.files:
        click.echo(str(file.path), err=as_json)
    if as_json:
        print_json({"files": [str(f.path) for f in inputs.files], "skipped": inputs.skipped})
    else:
        echo(f"{len(inputs.files)} files would be read, {inputs.skipped} of other kinds skipped")
    return 0


def _preview(
    pair: ModalityPair,
    route: Route,
    inputs: Inputs,
    target: OutputPaths,
    options: Options,
    as_json: bool,
) -> int:
    """Draw each file as it would be read: large pictures alone, crops together on sheets."""
    drawn: list[Path] = []
    crops, failed = [], 0
    make_folder(target.figures, "--out")
    for file in inputs.files:
        try:
            picture = None if file.is_store else pair.preview(file.path, route, options)
        except UsageError:
            raise
        except XmodError as error:
            echo(describe(error, file.path))
            failed += 1
            continue
        if picture is None:
            echo(f"{file.path}: nothing to preview")
            continue
        if max(picture.size) <= _CROP:
            crops.append(picture)
            continue
        name = f"preview-{file.path.stem}"
        if (target.figures / f"{name}.png") in drawn:  # plates of one name in several folders
            name += f"-{len(drawn) + 1}"
        drawn.append(target.figures / f"{name}.png")
        picture.save(drawn[-1])
    for number, page in enumerate(pages(crops), 1):
        drawn.append(target.figures / f"preview-crops-{number}.png")
        contact_sheet(page, title=f"{pair.name}: {len(crops)} files").save(drawn[-1])
    for path in drawn:
        echo(f"preview: {path}")
    if as_json:
        print_json({"previews": [str(path) for path in drawn], "failed": failed})
    return EXIT_SOME_FAILED if failed else 0


def _show(summary: Summary, job: Job, csv: Path | None, as_json: bool) -> None:
    stored = job.paths.store.exists()
    if csv is not None and stored:
        write_csv(csv, job.paths.store, job.pair, job.route)
    if as_json:
        print_json(summary.to_json())
        return
    if stored:
        told = [f for f in job.pair.outputs(job.route, job.predictor) if not f.axes]
        click.echo(short_table(job.paths.store, (*job.pair.derived(job.route), *told)))
    for sheet in sorted(job.paths.figures.glob("sheet-*.png")):
        echo(f"picture: {sheet}")
    rate = summary.samples_per_s
    pace = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
    echo(
        f"{summary.out} predicted, {summary.novel} of them novel, {summary.failed} failed, "
        f"{summary.skipped} skipped; {pace} samples/s on {summary.device}"
    )
    if summary.failed:
        echo(f"failed inputs are listed in {job.paths.failed}")
    if stored:
        echo(f"store: {job.paths.store}")
    if job.paths.files != job.paths.store.parent and job.paths.files.is_dir():
        echo(f"files: {job.paths.files}")
    if summary.interrupted:
        echo("interrupted: what was committed is kept; --resume does the rest")
