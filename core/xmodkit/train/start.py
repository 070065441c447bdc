"""Start from the weights of another run, and judge on no row that it has seen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from xmodkit.errors import DataError, InputError, UsageError
from xmodkit.model import Model
from xmodkit.train.folder import SPLIT
from xmodkit.train.splits import Splits
from xmodkit.train.unseen import learned_from

__all__ = ["check_apart", "start_from"]


def start_from(model: Model, folder: Path) -> tuple[str, ...]:
    """Load a run's networks of equal name and shape; return their names.

    Stages whose networks are all loaded get no epochs: what they fit on their rows (statistics of
    the latent) is fitted anew, what they learn is not. Raise `InputError` if there is no run,
    `UsageError` if nothing fits or nothing is left to train.
    """
    loaded = tuple(
        name
        for name, weights in _networks(folder).items()
        if name in model.networks and _fits(model, name, weights)
    )
    if not loaded:
        raise UsageError(f"--from {folder}: holds no network of {model.name}; give another run")
    model.stages = tuple(
        replace(stage, epochs=0) if set(stage.networks) <= set(loaded) else stage
        for stage in model.stages
    )
    if not any(stage.epochs for stage in model.stages):
        raise UsageError(
            f"--from {folder}: holds every network of {model.name}: nothing is left to train"
        )
    return loaded


def check_apart(splits: Splits, folder: Path) -> Splits:
    """Return what a run, and those it started from, had learned from.

    Raise `DataError` if that is calibration or test here.
    """
    path = folder / SPLIT
    if not path.exists():
        raise InputError(f"{path}: not there, so that nobody knows what the run was trained on")
    seen = learned_from(folder)
    if both := {*seen.contents} & splits.contents_of("calibration", "test"):
        raise DataError(
            f"--from {folder}: was trained on {len(both)} samples that are calibration or test "
            f"here; give --split {path}"
        )
    return seen


def _networks(folder: Path) -> dict[str, dict[str, Tensor]]:
    try:
        weights = load_file(folder / "weights.safetensors")
    except Exception as error:  # the library raises its own kinds
        raise InputError(f"--from {folder}: not a finished run ({error})") from error
    networks: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for key, value in weights.items():
        name, _, rest = key.partition(".")
        networks[name][rest] = value
    return dict(networks)


def _fits(model: Model, name: str, weights: dict[str, Tensor]) -> bool:
    """Load one network if every tensor is there, in the right shape."""
    own = model.networks[name].state_dict()
    if {k: v.shape for k, v in own.items()} != {k: v.shape for k, v in weights.items()}:
        return False
    model.networks[name].load_state_dict(weights)
    return True
