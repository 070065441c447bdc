"""`xmod train`: train a model on a store of samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xmodkit.errors import MissingExtraError, UsageError
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
    seed_option,
)
from xmodkit_cli.progress import ProgressLine

__all__ = ["command"]


@click.command("train", cls=PairCommand)
@click.argument("store", type=PATH)
@plugin_option
@click.option("--model", help="The architecture; the pair's first by default.")
@click.option("-o", "--out", type=PATH, required=True, help="The run's folder.")
@seed_option
@click.option("--epochs", type=click.IntRange(1), help="Epochs of every stage.")
@click.option(
    "--group",
    default="plate",
    show_default=True,
    help="Samples that share this stay in one part of the split.",
)
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
    out: Path,
    seed: int,
    epochs: int | None,
    group: str,
    overwrite: bool,
    as_json: bool,
    debug: bool,
    **own: Any,
) -> int:
    """Train a model on a store, calibrate it on rows it never saw, and score it on others.

    Example: xmod train --plugin uvvis samples.zarr --model vae+aspm --out runs/a
    """
    pair = required_pair(ctx)
    if (out / "run.json").exists() and not overwrite:
        raise UsageError(f"{out}: holds a finished run; --overwrite replaces it")
    try:
        from xmodkit.train import Epoch, TrainJob, train
    except ImportError as error:
        raise MissingExtraError("training", error.name or "torch", "train") from error
    models = pair.models()
    if model is not None and model not in models:
        raise UsageError(f"--model {model!r}: {pair.name} has {', '.join(models) or 'none'}")
    job = TrainJob(pair, model or next(iter(models)), store, out, seed, epochs, group)
    lines: dict[str, ProgressLine] = {}  # one a stage: each has a rate of its own

    def report(epoch: Epoch) -> None:
        line = lines.setdefault(epoch.stage, ProgressLine(f"train {epoch.stage}", " epochs"))
        line.update(
            epoch.epoch,
            epoch.epochs,
            f"training {epoch.training:.4g}, validation {epoch.validation:.4g}",
        )
        if epoch.epoch == epoch.epochs:
            line.close()

    def progress(what: str, n: int) -> None:
        if n % 2000 == 0:
            echo(f"{what} {n or ''}".rstrip())

    finished = train(job, report, progress)
    if as_json:
        print_json({"run": str(out), "settings": finished.settings, "metrics": finished.metrics})
    else:
        for name, scores in finished.metrics.items():
            shown = scores.items() if isinstance(scores, dict) else [("", scores)]
            for key, value in shown:
                if isinstance(value, float):
                    click.echo(f"{name} {key}: {value:.4g}")
        echo(f"run: {out}")
    return 0
