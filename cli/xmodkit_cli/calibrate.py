"""`xmod calibrate`: fit a model file's bounds to pairs measured on site."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from xmodkit.errors import UsageError
from xmodkit_cli.common import (
    PATH,
    PairCommand,
    debug_option,
    echo,
    json_option,
    out_option,
    overwrite_option,
    print_json,
    refuse_existing,
    required_pair,
    split_options,
)

__all__ = ["command"]

_OUT = ("-o", "--out")
_SHOWN = 5  # samples left out, of which each is named


class _OfModel(PairCommand):
    """Takes the pair from the model file, its first argument, and reads what `ingest` reads."""

    like = "ingest"

    def model_argument(self, args: list[str]) -> str | None:
        given = zip(["", *args], args, strict=False)
        return next(
            (arg for option, arg in given if arg.endswith(".onnx") and option not in _OUT), None
        )


@click.command("calibrate", cls=_OfModel)
@click.argument("model", type=PATH)
@click.argument("paths", nargs=-1, type=PATH, metavar="PAIRS...")
@out_option
@click.option(
    "--coverage",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of truths within the bounds; the model file's own by default.",
)
@click.option(
    "--group",
    help="Samples that share this (plate, molecule, ...; the pair's own by default) count as one "
    "unit; a sample without it is one.",
)
@overwrite_option
@json_option
@debug_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    model: Path,
    paths: tuple[Path, ...],
    out: Path | None,
    coverage: float | None,
    group: str | None,
    overwrite: bool,
    as_json: bool,
    debug: bool,
    **own: Any,
) -> int:
    """Calibrate a model file on 20 or more measured pairs, and write a new one with its card.

    PAIRS are raw files and folders, as `xmod ingest` reads them, or a store. Values stay as they
    are; bounds, whole-curve bands and the novelty threshold become those of the site.

    Example: xmod calibrate uvvis.onnx pairs/ -o site.onnx
    """
    from xmodkit.modelfile import read_model_file, write_model_file
    from xmodkit.pairs import load_pairs
    from xmodkit.predictor import ModelPredictor
    from xmodkit.recalibrate import recalibrate
    from xmodkit.sitecard import site_card

    if not paths:
        raise UsageError("no pairs given; name raw files, folders or a store")
    if out is None:
        raise UsageError("--out is missing; name the model file to write")
    if out.suffix != ".onnx":
        raise UsageError(f"--out {out}: a model file ends in .onnx")
    card = out.with_suffix(".md")
    for path in (out, card):
        refuse_existing(path, overwrite)
    pair = required_pair(ctx)
    options = split_options(pair, own)
    file = read_model_file(model)
    route = pair.route(file.metadata.route.name)
    left_out: list[str] = []
    unit = group or pair.split_by
    bounded = ModelPredictor(file, device="cpu").bounded
    pairs = load_pairs(paths, pair, route, bounded, options, unit, left_out.append)
    for line in left_out[:_SHOWN]:
        echo(line)
    if len(left_out) > _SHOWN:
        echo(f"... and {len(left_out) - _SHOWN} more left out")
    result = recalibrate(file, pair, pairs, coverage, options)
    out.parent.mkdir(parents=True, exist_ok=True)
    former = model.with_suffix(".md")
    before = former.read_text(encoding="utf-8") if former.is_file() else ""
    write_model_file(out, result.model, result.metadata)
    card.write_text(site_card(out.name, result, before), encoding="utf-8")
    if as_json:
        print_json({**result.summary, "model": str(out), "card": str(card)})
    else:
        _show(result.summary)
        echo(f"model: {out}, card: {card}")
    return 0


def _show(summary: Mapping[str, Any]) -> None:
    from xmodkit.sitecard import notices, table

    click.echo("\n".join(table(summary)))
    for line in notices(summary):
        echo(line)
