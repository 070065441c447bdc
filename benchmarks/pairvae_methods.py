"""The models that `pairvae.py` compares: made, trained for equal steps, resumed, and asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from xmodkit.model import Model
from xmodkit.train.checkpoint import Checkpoint
from xmodkit.train.fit import Epoch, fit
from xmodkit_saxs_sem.modalities import MEMBERS
from xmodkit_saxs_sem.models.pairvae import PairVae

__all__ = ["METHODS", "Method", "Settings", "Training"]

BATCH = 8
_PUBLISHED_STAGES = ("solo_saxs", "solo_sem", "pair")
_PRETRAINING = 4  # a fourth of the other stages' epochs
_POINTS = 10  # of the learning curve, in each stage

Rows = Mapping[str, NDArray]
Curve = Callable[[Model, Sequence[str]], dict[str, float]]
_LEARNED = {
    "pretraining": (),
    **dict.fromkeys(("solo_saxs", "saxs"), ("saxs:saxs",)),
    **dict.fromkeys(("solo_sem", "sem"), ("sem:sem",)),
}  # routes that a stage is watched by; both between the modalities in all others


@dataclass(frozen=True)
class Settings:
    """What a benchmark is run with: `epochs` of each published stage, extents, threads."""

    epochs: int
    pixels: int
    encoder_width: int
    device: str


@dataclass(frozen=True)
class Method:
    """A model to compare: how it is made, and what of an ensemble is its one prediction."""

    name: str
    make: Callable[[Settings], Model]
    members: int  # the one shown is the most typical of them
    spread: float


def _pairvae(**changed: str) -> Callable[[Settings], Model]:
    return lambda s: PairVae(s.pixels, s.encoder_width, **changed)  # type: ignore[arg-type]


def _phases(settings: Settings) -> Model:
    from xmodkit_saxs_sem.models.phases.model import Phases

    return Phases()


METHODS = {
    method.name: method
    for method in (
        Method("pairvae", _pairvae(), 1, 0.0),
        Method("pairvae-simclr", _pairvae(similarity="simclr"), 1, 0.0),
        Method("pairvae-mean", _pairvae(z="mean"), 1, 0.0),
        Method("phases", _phases, MEMBERS, 1.0),
    )
}


@dataclass(frozen=True)
class Training:
    """One training of a method: on `rows` (by name), with a seed, kept in a folder."""

    method: Method
    settings: Settings
    folder: Path
    seed: int

    def model(self, rows: Callable[[Model], Rows], curve: Curve) -> dict[str, Model]:
        """Return the model after its solo stages and at the end, trained unless that was done.

        A model without solo stages is the same in both. `rows` prepares training rows for it,
        `curve` scores it on others.
        """
        torch.manual_seed(self.seed)
        end = self.folder / "end.safetensors"
        if not end.exists():
            self._train(rows, curve)
        found = {}
        for name in ("solo", "end"):
            path = self.folder / f"{name}.safetensors"
            model = self.method.make(self.settings)
            model.networks.load_state_dict(load_file(path if path.exists() else end))
            model.networks.eval()
            found[name] = model
        return found

    def curve(self) -> dict[int, dict[str, float]]:
        """Return scores of the learning curve by optimiser steps."""
        path = self.folder / "curve.json"
        held = json.loads(path.read_text()) if path.exists() else {}
        return {int(step): scores for step, scores in held.items()}

    def _train(self, rows: Callable[[Model], Rows], curve: Curve) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        model = self.method.make(self.settings)
        prepared = rows(model)
        n = len(next(iter(prepared.values())))
        model.stages = _equal_steps(model, self.settings.epochs)
        model.networks.to(self.settings.device)
        identity = {"method": self.method.name, "seed": self.seed, "rows": n}
        identity |= vars(self.settings)
        watch = _Watch(self, model, curve, -(-n // BATCH))
        nothing = {name: array[:0] for name, array in prepared.items()}
        checkpoint = Checkpoint(self.folder / "checkpoint.pt", identity)
        fit(model, prepared, nothing, self.seed, watch, checkpoint=checkpoint)
        model.networks.to("cpu")
        save_file(_own(model), self.folder / "end.safetensors")
        checkpoint.path.unlink(missing_ok=True)


class _Watch:
    """Writes down the learning curve, and keeps the weights that solo training ends with."""

    def __init__(self, training: Training, model: Model, curve: Curve, steps: int) -> None:
        self.training, self.model, self.curve, self.steps = training, model, curve, steps
        before = np.cumsum([0, *(stage.epochs for stage in model.stages)])
        self.before = {s.name: int(b) for s, b in zip(model.stages, before, strict=False)}

    def __call__(self, epoch: Epoch) -> None:
        where = f"{self.training.method.name} {self.training.folder.name} {epoch.stage}"
        if epoch.epoch % max(1, epoch.epochs // _POINTS):
            return
        print(f"{where} {epoch.epoch}/{epoch.epochs}: {epoch.training:.4f}", flush=True)
        self.model.networks.eval()
        self.model.networks.to("cpu")
        steps = self.steps * (self.before[epoch.stage] + epoch.epoch)
        routes = _LEARNED.get(epoch.stage, ("saxs:sem", "sem:saxs"))
        scores = self.curve(self.model, routes) if routes else {}
        held = self.training.curve() | {steps: {"stage": epoch.stage, **scores}}
        (self.training.folder / "curve.json").write_text(json.dumps(held, indent=1) + "\n")
        if epoch.stage.startswith("solo") and epoch.epoch == epoch.epochs:
            save_file(_own(self.model), self.training.folder / "solo.safetensors")
        self.model.networks.to(self.training.settings.device)


def _equal_steps(model: Model, epochs: int) -> tuple:
    """Return a model's stages, in all as many epochs of batches of 8 as PairVAE's have."""
    pretraining = max(1, epochs // _PRETRAINING)
    if isinstance(model, PairVae):
        wanted = dict.fromkeys(_PUBLISHED_STAGES, epochs) | {"pretraining": pretraining}
        return tuple(replace(stage, epochs=wanted[stage.name]) for stage in model.stages)
    total = len(_PUBLISHED_STAGES) * epochs + pretraining
    own = sum(stage.epochs for stage in model.stages)
    shares = [max(1, round(total * stage.epochs / own)) for stage in model.stages]
    return tuple(
        replace(stage, epochs=share, batch_size=BATCH)
        for stage, share in zip(model.stages, shares, strict=True)
    )


def _own(model: Model) -> dict[str, torch.Tensor]:
    return {name: value.clone().contiguous() for name, value in model.networks.state_dict().items()}
