"""`xmod train`: train a model on a store of samples."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xmodkit.errors import MissingExtraError, UsageError
from xmodkit.pair import stored_options
from xmodkit_cli.common import (
    PATH,
    PairCommand,
    debug_option,
    echo,
    json_option,
    overwrite_option,
    plugin_option,
    print_json,
    required_pair,
    resume_option,
    seed_option,
    split_options,
)
from xmodkit_cli.models import architecture
from xmodkit_cli.progress import ProgressLine

if TYPE_CHECKING:
    from xmodkit.train import Epoch, Run, TrainJob

__all__ = ["command"]

_PARTS = ("train", "validation", "calibration", "test")


@click.command("train", cls=PairCommand)
@click.argument("store", type=PATH)
@plugin_option
@click.option("--model", help="The architecture; the pair's first by default.")
@click.option("--route", help="SOURCE:TARGET to train for; the architecture's own by default.")
@click.option("-o", "--out", type=PATH, required=True, help="The run's folder.")
@seed_option
@click.option("--epochs", type=click.IntRange(1), help="Epochs of every stage.")
@click.option(
    "--split-by",
    help="What stays in one part of the split: plate, molecule, ..., or sample; the pair's own by "
    "default.",
)
@click.option(
    "--fractions",
    default="0.6,0.03,0.12,0.25",
    show_default=True,
    help="Shares of training, validation, calibration and test.",
)
@click.option("--split", type=PATH, help="Use the split.csv of another run: the same rows.")
@click.option(
    "--folds",
    type=int,
    help="Cross-fit, for small sets: so many models, each without a fold, calibrate and score.",
)
@click.option("--from", "start", type=PATH, help="Start from a run: networks it has are kept.")
@click.option(
    "--memory",
    type=click.Choice(("auto", "all", "blocks")),
    default="auto",
    show_default=True,
    help="Keep all prepared samples in memory, or in files read by shuffled blocks.",
)
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard's files too.")
@resume_option
@overwrite_option
@json_option
@debug_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    store: Path,
    plugin: str | None,
    model: str | None,
    route: str | None,
    out: Path,
    seed: int,
    epochs: int | None,
    split_by: str | None,
    fractions: str,
    split: Path | None,
    folds: int | None,
    start: Path | None,
    memory: Any,
    tensorboard: bool,
    resume: bool,
    overwrite: bool,
    as_json: bool,
    debug: bool,
    **own: Any,
) -> int:
    """Train a model on a store, calibrate it on rows it never saw, and score it on others.

    Example: xmod train --plugin uvvis samples.zarr --model vae+aspm --out runs/a

    After a crash the same line with --resume goes on with the last whole epoch. On several cores
    or machines: torchrun --nproc-per-node 2 -m xmodkit_cli train ...

    Exit codes: 0 trained, 1 error (a sample is broken, the disk is full), 2 usage (the folder
    holds another run), 130 interrupted.
    """
    pair = required_pair(ctx)
    shares = _fractions(fractions)
    try:
        from xmodkit.train import TrainJob, train
    except ImportError as error:
        raise MissingExtraError("training", error.name or "torch", "train") from error
    name = architecture(pair, model)
    job = TrainJob(
        pair=pair,
        model=name,
        store=store,
        out=out,
        seed=seed,
        epochs=epochs,
        route=pair.route(route) if route else None,
        options=split_options(pair, own),
        split_by=split_by,
        fractions=shares,
        split=split,
        folds=folds,
        start=start,
        memory=memory,
        resume=resume,
        overwrite=overwrite,
        tensorboard=tensorboard,
    )
    if resume and (out / "run.json").exists():
        return _show(_finished(job), out, as_json=as_json)
    if int(os.environ.get("RANK", "0")) > 0:  # torchrun's other processes: the first one prints
        train(job)
        return 0
    lines = _StageLines()
    run = train(job, lines.update, _say)
    lines.close()
    return _show(run, out, as_json=as_json)


class _StageLines:
    """A progress line for each stage, since each has a rate of its own."""

    def __init__(self) -> None:
        self.stage = ""
        self.line = ProgressLine("")

    def update(self, epoch: Epoch) -> None:
        """Show an epoch."""
        if epoch.stage != self.stage:
            self.close()
            self.stage, self.line = epoch.stage, ProgressLine(f"train {epoch.stage}", " epochs")
        note = f"training {epoch.training:.4g}"
        if math.isfinite(epoch.validation):  # folds without validation rows have none
            note += f", validation {epoch.validation:.4g}"
        self.line.update(epoch.epoch, epoch.epochs, note)

    def close(self) -> None:
        """Remove the line."""
        self.line.close()


def _fractions(text: str) -> Mapping[str, float]:
    """Return the share of each part; raise `UsageError` unless four positive numbers add to 1."""
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = []
    if len(shares) != len(_PARTS) or not (
        min(shares) > 0 and abs(sum(shares) - 1) <= 1e-6  # also false for NaN
    ):
        raise UsageError(
            f"--fractions {text!r}: four positive numbers that add to 1 expected, "
            f"for {', '.join(_PARTS)}"
        )
    return dict(zip(_PARTS, shares, strict=True))


def _finished(job: TrainJob) -> Run:
    """Return the run that is finished already; raise `UsageError` if it is another."""
    from xmodkit.train import Run
    from xmodkit.train.splits import Splits

    run = Run.load(job.out, job.pair)
    settings = run.settings
    same = "hash" if job.split else "by"  # a file may be spelled in many ways
    wanted_split = Splits.load(job.split).hash if job.split else job.group
    trained = sorted({stage["epochs"] for stage in settings["stages"] if stage["epochs"]})
    for name, found, wanted in (
        ("model", settings["model"], job.model),
        ("route", settings["route"], job.route.name if job.route else settings["route"]),
        ("options", settings.get("options", {}), stored_options(job.options)),
        ("seed", settings["seed"], job.seed),
        ("folds", settings["split"].get("folds"), job.folds),
        ("epochs", trained, [job.epochs] if job.epochs and trained else trained),
        (f"split {same}", settings["split"][same], wanted_split),
    ):
        if found != wanted:
            raise UsageError(
                f"{job.out}: holds a finished run of {name} {found}, now {wanted}; --overwrite "
                "replaces it"
            )
    return run


def _say(what: str, done: int) -> None:
    """Print what is going on, and every so often how many samples that is done for."""
    if done % 2000 == 0:
        echo(f"{what} {done}" if done else what)


def _show(run: Run, out: Path, *, as_json: bool) -> int:
    if as_json:
        print_json({"run": str(out), "settings": run.settings, "metrics": run.metrics})
        return 0
    if "folds" in (split := run.settings["split"]):
        echo(f"cross-fitted, {split['folds']} folds by {split['by']}: scores are out-of-fold")
    for name, scores in run.metrics.items():
        shown = scores.items() if isinstance(scores, dict) else [("", scores)]
        for key, value in shown:
            if isinstance(value, float):
                click.echo(f"{name} {key}".rstrip() + f": {value:.4g}")
    echo(f"run: {out}")
    return 0
