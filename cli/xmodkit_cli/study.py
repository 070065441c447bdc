"""`xmod study`: studies that take many trainings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xmodkit.errors import MissingExtraError
from xmodkit_cli.common import (
    PATH,
    PairCommand,
    debug_option,
    echo,
    json_option,
    plugin_option,
    print_json,
    required_pair,
    resume_option,
    seed_option,
)
from xmodkit_cli.models import architecture
from xmodkit_cli.progress import ProgressLine
from xmodkit_cli.study_of_pair import Studies

if TYPE_CHECKING:
    from xmodkit.train.trainings import Study, Training

__all__ = ["command"]


@click.group("study", cls=Studies)
def command() -> None:
    """Run a study that takes many trainings; it goes on where it was interrupted."""


@command.command("data-efficiency", cls=PairCommand)
@click.argument("store", type=PATH)
@plugin_option
@click.option("--model", help="The architecture; the pair's first by default.")
@click.option(
    "--parts",
    help="Shares of the training rows and how many disjoint subsets of each, SHARExCOUNT,...; "
    "the published 0.2x5, 0.1x10, 1/30x30, 0.01x100 by default.",
)
@click.option("-o", "--out", type=PATH, required=True, help="The study's folder.")
@seed_option
@click.option("--epochs", type=click.IntRange(1), help="Epochs of every stage.")
@click.option(
    "--split-by",
    help="What stays in one part of the split: plate, molecule, ..., or sample; the pair's own by "
    "default.",
)
@resume_option
@json_option
@debug_option
@click.pass_context
def data_efficiency(
    ctx: click.Context,
    /,
    store: Path,
    plugin: str | None,
    model: str | None,
    parts: str | None,
    out: Path,
    seed: int,
    epochs: int | None,
    split_by: str | None,
    resume: bool,
    as_json: bool,
    debug: bool,
    **own: Any,
) -> int:
    """Train from scratch on disjoint subsets of the training rows, test all on the same rows.

    Example: xmod study data-efficiency --plugin uvvis samples.zarr --parts 0.2x5,0.1x10 --out s/
    """
    pair = required_pair(ctx)
    try:
        from xmodkit.train.study import PUBLISHED_PARTS, Parts, StudyJob, run_study
    except ImportError as error:
        raise MissingExtraError("a study", error.name or "torch", "train") from error
    chosen = Parts.parse(parts) if parts else PUBLISHED_PARTS
    name = architecture(pair, model)
    job = StudyJob(pair, name, store, out, chosen, epochs, seed, split_by, resume)
    line = ProgressLine("study", " trainings")

    def report(done: int, total: int, training: Training) -> None:
        line.update(done, total, f"{training.samples} samples: R2 {training.r2_mean:.3f}")

    study = run_study(job, report)
    line.close()
    summary = study.summary
    _write(out, study)
    if as_json:
        print_json(summary)
    else:
        click.echo("samples  trainings  R2 median (quartiles)")
        for size in summary["sizes"]:
            r2 = size["r2"]
            click.echo(
                f"{size['samples']:7d}  {size['trainings']:9d}  "
                f"{r2['median']:.3f} ({r2['q25']:.3f} to {r2['q75']:.3f})"
            )
        for peer, value in study.baselines.items():
            click.echo(f"{peer}: R2 {value:.3f}")
    echo(f"study: {out}")
    return 0


def _write(out: Path, study: Study) -> None:
    """Write the summary and, where matplotlib is installed, the box plot."""
    (out / "summary.json").write_text(json.dumps(study.summary, indent=1) + "\n")
    sizes = sorted({training.samples for training in study.trainings})
    r2 = {n: [t.r2_mean for t in study.trainings if t.samples == n] for n in sizes}
    try:
        from xmodkit.report.study import draw_sizes

        (out / "r2.png").write_bytes(draw_sizes(r2, study.baselines))
    except MissingExtraError as error:
        echo(f"no r2.png: {error}")
