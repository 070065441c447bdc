"""What commands ask of a model file or a run: its pair, its route, where its trust comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from xmodkit import plugins
from xmodkit.errors import InputError, UsageError
from xmodkit.modelfile import read_model_file
from xmodkit.pair import ModalityPair, Predictor, Route
from xmodkit.predictor import ModelPredictor
from xmodkit_cli.common import echo

__all__ = ["architecture", "pair_of_run", "route_of", "say_where_trust_comes_from"]


def route_of(model: Path, pair: ModalityPair, route: str | None) -> Route:
    """Return the route of a model file; raise `UsageError` if it is not what was asked for.

    A fit may rest on the model of another route.
    """
    metadata = read_model_file(model).metadata
    if metadata.plugin != pair.name:
        raise UsageError(
            f"{model}: made for plugin {metadata.plugin!r}, used with --plugin {pair.name}; "
            "leave --plugin out"
        )
    direction = pair.route(route or metadata.route.name)
    if direction.kind == "model" and direction.name != metadata.route.name:
        raise UsageError(
            f"--route {direction.name}: {model} predicts {metadata.route.name}; leave --route out"
        )
    return direction


def say_where_trust_comes_from(predictor: Predictor) -> None:
    """Say on stderr what a model file rests on: simulated samples, pairs measured on site."""
    if isinstance(predictor, ModelPredictor):
        for text in _trust(predictor):
            echo(f"note: {text}")


def _trust(predictor: ModelPredictor) -> Iterator[str]:
    bounds = predictor.calibration
    data = predictor.metadata.training.get("data", {})
    if bounds.source == "simulated":
        yield (
            f"this model was trained on simulated samples, and its bounds calibrated on "
            f"{bounds.rows} of them; check both on samples of your own"
        )
    elif data.get("source") == "simulated":
        yield "this model was trained on simulated samples; check it on samples of your own"
    if bounds.source == "local":
        date = bounds.origin.get("date")
        yield f"bounds are calibrated on {bounds.rows} pairs measured on site" + (
            f", {date}" if date else ""
        )


def pair_of_run(run: Path) -> ModalityPair:
    """Return the pair that a finished run was trained for; raise `InputError` if it is none."""
    try:
        name = str(json.loads((run / "run.json").read_text())["plugin"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{run}: no finished run here; train one with `xmod train`") from error
    return plugins.pair(name)


def architecture(pair: ModalityPair, model: str | None) -> str:
    """Return the architecture that `--model` names, the pair's first if None."""
    models = pair.models()
    if not models or (model is not None and model not in models):
        raise UsageError(f"--model {model!r}: {pair.name} has {', '.join(models) or 'none'}")
    return model or next(iter(models))
