"""Trainings that `imatgen.py` compares: resumed after a kill, their CPU seconds counted."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from imatgen_data import digest
from safetensors.torch import load_file, save_file

from xmodkit.modality import stacked
from xmodkit.model import Model
from xmodkit.pair import Sample
from xmodkit.train.checkpoint import Checkpoint
from xmodkit.train.fit import Epoch, fit
from xmodkit_crystal.models import MODELS

__all__ = ["STABLE_BELOW", "Training", "affordable"]

# In eV/atom: below the published -0.5 there is no row of perov_5, below 0 there are 24.
STABLE_BELOW = 1.0
_END = "end"
_TRIAL = 2  # epochs of a training that only tells what one costs: the first is no measure


@dataclass(frozen=True)
class Training:
    """A model trained on samples with a seed, in a folder of its own below `work`.

    `share` is that of the model's own epochs in each stage, or `epochs` their number in every
    stage; of `stages` (all if empty) the others are left out. It starts from `start`'s weights.
    """

    model: str
    samples: Sequence[Sample]
    work: Path
    seed: int
    share: float = 1.0
    epochs: int | None = None
    stages: tuple[str, ...] = ()
    start: Training | None = None

    @cached_property
    def folder(self) -> Path:
        """Where it is kept: named after all that decides it."""
        model = self._made()
        lengths = "-".join(str(stage.epochs) for stage in model.stages)
        rows = f"{len(self.samples)}-{digest(self.samples)}"
        name = f"{self.model}-{_architecture(model)}-{rows}-{self.seed}-e{lengths}"
        if self.start is not None:
            name += f"-from-{self.start.folder.name}"
        return self.work / "trainings" / name

    def trained(self) -> Model:
        """Return the model, trained unless that was done."""
        weights = self.folder / "weights.safetensors"
        if not weights.exists():
            self._train()
        model = self._made()
        model.networks.load_state_dict(load_file(weights))
        model.networks.eval()
        return model

    @property
    def seconds(self) -> dict[str, list[float]]:
        """CPU seconds of each epoch, by stage, all threads; what is not learned under `end`."""
        path = self.folder / "seconds.json"
        return json.loads(path.read_text()) if path.exists() else {}

    @property
    def learning(self) -> float:
        """CPU seconds spent learning by gradient."""
        return sum(len(laps) * _middle(laps) for name, laps in self.seconds.items() if name != _END)

    @property
    def total(self) -> float:
        """CPU seconds of the whole training but for reading crystals."""
        return sum(map(sum, self.seconds.values()))

    def _made(self) -> Model:
        torch.manual_seed(self.seed)
        model = MODELS[self.model](stable_below=STABLE_BELOW)
        kept = [stage for stage in model.stages if stage.name in (self.stages or (stage.name,))]
        model.stages = tuple(
            replace(stage, epochs=self.epochs or max(1, int(stage.epochs * self.share)))
            for stage in kept
        )
        return model

    def _train(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        model = self._made()
        if self.start is not None:
            model.networks.load_state_dict(self.start.trained().networks.state_dict())
        prepared = stacked([model.prepare(sample) for sample in self.samples])
        nothing = {name: array[:0] for name, array in prepared.items()}
        checkpoint = Checkpoint(self.folder / "checkpoint.pt", {"folder": self.folder.name})
        clock = _Clock(self.folder)
        fit(model, prepared, nothing, self.seed, clock, checkpoint=checkpoint)
        clock.lap(_END)
        state = model.networks.state_dict().items()
        save_file(
            {name: value.clone().contiguous() for name, value in state},
            self.folder / "weights.safetensors",
        )
        checkpoint.path.unlink(missing_ok=True)


class _Clock:
    """Writes down CPU seconds as a training goes on, also over an interruption."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "seconds.json"
        self.held = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.last = time.process_time()

    def __call__(self, epoch: Epoch) -> None:
        self.lap(epoch.stage)
        if epoch.epoch % max(1, epoch.epochs // 5) == 0:
            where = f"{self.path.parent.name} {epoch.stage} {epoch.epoch}/{epoch.epochs}"
            print(f"{where}: {epoch.training:.5f}", flush=True)

    def lap(self, name: str) -> None:
        now = time.process_time()
        self.held.setdefault(name, []).append(now - self.last)
        self.last = now
        self.path.write_text(json.dumps(self.held) + "\n")


def affordable(training: Training, seconds: float) -> Training:
    """Return a training with as many epochs as CPU seconds allow, all of its stages in proportion.

    What an epoch costs is found by training two; what is fitted between stages costs the same in
    any. A stage has one epoch at least.
    """
    trial = replace(training, epochs=_TRIAL)
    trial.trained()
    fixed = trial.total - trial.learning
    own = {stage.name: stage.epochs for stage in MODELS[training.model]().stages}
    costs = sum(own[name] * _middle(laps) for name, laps in trial.seconds.items() if name in own)
    return replace(training, share=max(0.0, 0.95 * seconds - fixed) / costs)


def _architecture(model: Model) -> str:
    """Return a short name of the networks' tensors: weights of others do not fit."""
    shapes = [f"{name}{list(value.shape)}" for name, value in model.networks.state_dict().items()]
    return hashlib.sha256("\n".join(shapes).encode()).hexdigest()[:6]


def _middle(laps: Sequence[float]) -> float:
    """Return what an epoch costs: the first also counts what comes before it."""
    later = sorted(laps[1:] or laps)
    return later[len(later) // 2]
