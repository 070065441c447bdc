"""`xmod generate`: made-up samples of one modality, predicted into another."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from xmodkit.errors import InputError, PluginError
from xmodkit.output import OutputPaths, make_folder
from xmodkit.pair import Generation, ModalityPair, Options, Predictor, Route, stored_options
from xmodkit.records import held, sample_columns, sample_rows
from xmodkit_cli.common import (
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
    refuse_existing,
    required_pair,
    seed_option,
    split_options,
)
from xmodkit_cli.models import route_of, say_where_trust_comes_from

__all__ = ["command"]


@click.command("generate", cls=PairCommand)
@plugin_option
@click.option("--model", type=PATH, help="A model file in place of the shipped one.")
@click.option("--route", help="SOURCE:TARGET; the model file's, or the pair's generating one.")
@seed_option
@out_option
@device_option
@overwrite_option
@json_option
@debug_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    plugin: str | None,
    model: Path | None,
    route: str | None,
    seed: int,
    out: Path | None,
    device: str,
    overwrite: bool,
    as_json: bool,
    debug: bool,
    **own: Any,
) -> int:
    """Generate samples of one modality from made-up ones of another.

    Writes pictures, a store of the samples and the pair's own files: --out X/ a folder of all,
    --out X.png the picture and X.zarr beside it, --out X.zarr the store and its pictures in
    X.figures.

    Example: xmod generate --plugin uvvis --gap 1.4:2.9 --slope 4:40 --max 0.75 -o grid.png
    """
    pair = required_pair(ctx)
    options = split_options(pair, own)
    direction = _direction(pair, route, model)
    path = model or pair.model_file(direction, options)
    predictor = pair.predictor(direction, path, device, options)
    say_where_trust_comes_from(predictor)
    target = out or Path(f"{pair.name}-generated.zarr")
    paths = OutputPaths.at(target.with_suffix(".zarr") if target.suffix == ".png" else target)
    if target.suffix == ".png":
        refuse_existing(target, overwrite)
    refuse_existing(paths.store, overwrite)
    echo("generating")
    started = time.perf_counter()
    made = pair.generate(predictor, seed, options)
    seconds = time.perf_counter() - started
    paths.prepare(resume=False, overwrite=overwrite)
    _store(paths.store, pair, direction, predictor, made, seed, options)
    pictures = _draw(made, target, paths.figures)
    files = _write(made, paths.files)
    summary = _summary(made, predictor, path, paths.store, seconds)
    if as_json:
        listed = {"pictures": pictures, "files": files}
        named = {what: [str(path) for path in found] for what, found in listed.items()}
        print_json({**summary, **named, "counts": dict(made.counts)})
        return 0
    for picture in pictures:
        echo(f"picture: {picture}")
    if files:
        echo(f"{len(files)} files in {paths.files}")
    if made.counts:
        echo(_said(made.counts))
    echo(
        f"{summary['out']} generated, {summary['novel']} of them unlike what the model has learned "
        f"from; store: {paths.store}"
    )
    return 0


def _direction(pair: ModalityPair, route: str | None, model: Path | None) -> Route:
    """Return the route: the model file's, the one asked for, or the pair's generating one."""
    if model is not None:
        return route_of(model, pair, route)
    if route is not None:
        return pair.route(route)
    found = pair.generating()
    if found is None:
        raise PluginError(f"{pair.name} generates nothing: it has no route for that")
    return found


def _store(
    path: Path,
    pair: ModalityPair,
    route: Route,
    predictor: Predictor,
    made: Generation,
    seed: int,
    options: Options,
) -> None:
    from xmodkit.store import StoreWriter

    if not made.samples:
        raise InputError(f"nothing was generated: {_said(made.counts) or 'no samples'}")
    ends = dict.fromkeys((route.source, route.target))
    modalities = held(made.samples[0], [pair.modality(name) for name in ends])
    attributes = {
        "plugin": pair.name,
        "route": route.name,
        "made_by": "generate",
        "model_hash": predictor.identity,
        "seed": seed,
        "options": stored_options(options),
    }
    with StoreWriter.create(path, sample_columns(modalities), attributes=attributes) as writer:
        writer.append(sample_rows(made.samples, modalities), keys=[s.id for s in made.samples])


def _draw(made: Generation, target: Path, figures: Path) -> list[Path]:
    """Save the pictures: beside each other under the name asked for, or in the figures' folder."""
    if target.suffix != ".png":
        make_folder(figures, "--out")
        paths = [figures / f"{name}.png" for name in made.pictures]
    elif len(made.pictures) == 1:
        paths = [target]
    else:
        paths = [target.with_stem(f"{target.stem}-{name}") for name in made.pictures]
    for path, picture in zip(paths, made.pictures.values(), strict=True):
        picture.save(path)
    return paths


def _write(made: Generation, folder: Path) -> list[Path]:
    """Write the pair's own files, if there are any."""
    if made.write is None:
        return []
    make_folder(folder, "--out")
    return list(made.write(folder))


def _said(counts: Mapping[str, int]) -> str:
    """Return what became of all that was drawn: `200 drawn, 30 duplicates`."""
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def _summary(
    made: Generation, predictor: Predictor, model: Path, store: Path, seconds: float
) -> dict[str, Any]:
    count = len(made.samples)
    return {
        "in": count,
        "out": count,
        "failed": 0,
        "skipped": 0,
        "novel": sum(bool(sample.metadata.get("novel")) for sample in made.samples),
        "device": predictor.device,
        "samples_per_s": float(f"{count / seconds:.3g}") if seconds else 0.0,
        "model": model.name,
        "store": str(store),
    }
