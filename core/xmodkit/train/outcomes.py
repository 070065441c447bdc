"""What a fold's model said of the rows it never saw, kept on disk: the sign that it is done."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.batching import joined_scalars
from xmodkit.errors import InputError, UsageError
from xmodkit.prediction import Derived
from xmodkit.replacing import replacing
from xmodkit.train.raw import Outcome

__all__ = ["joined", "load_outcomes", "save_outcomes"]

_KINDS = ("truth", "value", "scale")  # arrays of rows, by field
_PARTS = ("value", "unit", "status", "strength")  # of a scalar without bounds

Outcomes = Mapping[str, Outcome]  # by route


def save_outcomes(path: Path, outcomes: Outcomes, told: Mapping[str, Any]) -> None:
    """Write outcomes by route; `told` says of which training they are."""
    arrays = {"training": np.array(_hash(told)), "routes": np.array(list(outcomes))}
    for number, outcome in enumerate(outcomes.values()):
        arrays |= {f"{number}/{name}": getattr(outcome, name) for name in ("novelty", "groups")}
        for kind in (*_KINDS, "coordinates"):
            found = getattr(outcome, kind)
            arrays |= {f"{number}/{kind}/{name}": array for name, array in found.items()}
        for name, scalar in outcome.scalars.items():
            parts = {part: getattr(scalar, part) for part in _PARTS}
            arrays |= {
                f"{number}/scalars/{name}/{part}": np.asarray(array)
                for part, array in parts.items()
                if array is not None
            }
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_outcomes(path: Path, told: Mapping[str, Any]) -> dict[str, Outcome] | None:
    """Return what `save_outcomes` wrote; None if there is nothing yet.

    Raise `UsageError` if they are another training's, `InputError` if they cannot be read.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        training, routes = str(arrays.pop("training")), arrays.pop("routes")
        found = {str(route): _outcome(arrays, f"{i}/") for i, route in enumerate(routes)}
    except Exception as error:  # a damaged archive fails in many ways
        raise InputError(
            f"{path}: not a fold's predictions ({type(error).__name__}); remove it, and --resume"
        ) from error
    if training != _hash(told):
        raise UsageError(
            f"{path}: is of a training with other data, model or settings; --resume with the "
            "same, or --overwrite it"
        )
    return found


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcomes of several folds as one."""
    truth, value, scale = (
        {
            name: np.concatenate([getattr(outcome, kind)[name] for outcome in outcomes])
            for name in getattr(outcomes[0], kind)
        }
        for kind in _KINDS
    )
    novelty, groups = (
        np.concatenate([getattr(outcome, name) for outcome in outcomes])
        for name in ("novelty", "groups")
    )
    first = outcomes[0]
    scalars = {
        name: joined_scalars([outcome.scalars[name] for outcome in outcomes])
        for name in first.scalars
    }
    return Outcome(truth, value, scale, novelty, groups, first.coordinates, scalars)


def _outcome(arrays: Mapping[str, Any], prefix: str) -> Outcome:
    own = {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}
    truth, value, scale, coordinates = (
        {k.removeprefix(f"{kind}/"): a for k, a in own.items() if k.startswith(f"{kind}/")}
        for kind in (*_KINDS, "coordinates")
    )
    parts: dict[str, dict[str, Any]] = defaultdict(dict)
    for key, array in own.items():
        if key.startswith("scalars/"):
            _, name, part = key.split("/")
            parts[name][part] = str(array) if part == "unit" else array
    scalars = {name: Derived(**found) for name, found in parts.items()}
    return Outcome(truth, value, scale, own["novelty"], own["groups"], coordinates, scalars)


def _hash(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
