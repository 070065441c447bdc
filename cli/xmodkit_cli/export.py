"""`xmod export`: turn a finished run into one model file and its card."""

from __future__ import annotations

from pathlib import Path

import click

from xmodkit import plugins
from xmodkit.errors import MissingExtraError
from xmodkit_cli.common import (
    PATH,
    debug_option,
    echo,
    json_option,
    out_option,
    overwrite_option,
    print_json,
    refuse_existing,
)
from xmodkit_cli.models import pair_of_run

__all__ = ["command"]


@click.command("export")
@click.argument("run", type=PATH)
@out_option
@click.option("--format", "kind", default="onnx", show_default=True, help="The exporter.")
@click.option("--route", help="SOURCE:TARGET; the one trained for by default.")
@overwrite_option
@json_option
@debug_option
def command(
    run: Path,
    out: Path | None,
    kind: str,
    route: str | None,
    overwrite: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Turn a finished run into one self-describing model file, with its card beside it.

    A model may offer other routes than the one it was trained for: a reconstruction, its latent.

    Example: xmod export runs/a -o uvvis.onnx --route scan:absorption
    """
    try:
        from xmodkit.train import Run, write_model
    except ImportError as error:
        raise MissingExtraError("exporting", error.name or "torch", "train") from error
    pair = pair_of_run(run)
    finished = Run.load(run, pair)
    direction = finished.judged(pair.route(route) if route else None).route
    path = out or Path(f"{pair.name}.{kind}")
    card = path.with_suffix(".md")
    for place in (path, card):
        refuse_existing(place, overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_model(finished, pair, plugins.exporter(kind), path, direction)
    if as_json:
        print_json(
            {
                "model": str(path),
                "route": direction.name,
                "card": str(card),
                "bytes": path.stat().st_size,
            }
        )
    else:
        echo(f"model: {path} ({path.stat().st_size / 1024:.0f} KB), card: {card}")
    return 0
