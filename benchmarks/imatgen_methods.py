"""The models that `imatgen.py` compares: trained here for equal time, or finished before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from imatgen_data import Crystals
from imatgen_models import Coder, of_files, of_model, of_run
from imatgen_training import Training, affordable

from xmodkit.modelfile import read_model_file
from xmodkit.pair import Sample
from xmodkit.train.splits import Splits

__all__ = ["OURS", "PUBLISHED", "Bench", "Method", "of_training"]

PUBLISHED, OURS = "published", "ours"  # models trained here
_PUBLISHED_EPOCHS = 20  # of its image networks' own number, which no paper tells


@dataclass(frozen=True)
class Method:
    """A model by the name that tables call it; `identity` changes with its weights.

    `trained` says on what, and for how long.
    """

    name: str
    identity: str
    trained: str
    coder: Callable[[], Coder]


@dataclass(frozen=True)
class Bench:
    """What one call of the benchmark is told.

    `n` crystals to train on, `test` rows of each set to rebuild, `ranked` rows of perov_5 to judge
    the stability of, `compared` generated crystals to compare with all training ones. `epochs` of
    the published image networks; `minutes` of CPU time that our training may take (None: what the
    published one took to learn). `models` are folders of finished runs or of exported files, the
    only ones without `training`.
    """

    sets: Crystals
    work: Path
    n: int
    test: int
    ranked: int
    compared: int
    seed: int
    epochs: int
    minutes: float | None
    models: tuple[Path, ...]
    training: bool = True

    def trained(self, samples: Sequence[Sample]) -> list[Method]:
        """Return the published model and ours, trained on samples within equal CPU time.

        None of them if nothing shall be trained.
        """
        if not self.training:
            return []
        share = self.epochs / _PUBLISHED_EPOCHS
        published = Training("imatgen", samples, self.work, self.seed, share)
        published.trained()
        budget = published.learning if self.minutes is None else 60 * self.minutes
        ours = affordable(Training("lattice", samples, self.work, self.seed), budget)
        ours.trained()
        return [of_training(PUBLISHED, published), of_training(OURS, ours)]

    def finished(self) -> list[Method]:
        """Return the models of finished runs and of exported files."""
        return [_of_folder(folder) for folder in self.models]

    def finished_on_these(self) -> list[Method]:
        """Return the finished models that rows of this split's test part are new to."""
        return [_of_folder(folder) for folder in self.models if self._unseen(folder)]

    def _unseen(self, folder: Path) -> bool:
        split, own = _training(folder)["split"], self.sets.split
        cross_fitted = "folds" in split  # it has learned from every row
        same = not cross_fitted and own is not None and split["hash"] == Splits.load(own).hash
        if not same:
            print(
                f"{folder}: was split in another way, so that it may know rows: not scored on "
                "them; give --run or --split of its training"
            )
        return same


def of_training(name: str, training: Training) -> Method:
    """Return the model of a training, trained if need be once it is asked."""
    laps = {stage: len(seconds) for stage, seconds in training.seconds.items() if stage != "end"}
    epochs = ", ".join(f"{stage} {count}" for stage, count in laps.items())
    trained = (
        f"{len(training.samples)} crystals, epochs: {epochs}; {training.total:.0f} CPU s, "
        f"{training.learning:.0f} of them learning by gradient"
    )
    return Method(name, training.folder.name, trained, cache(lambda: of_model(training.trained())))


def _of_folder(folder: Path) -> Method:
    run = (folder / "run.json").exists()
    weights = folder / ("weights.safetensors" if run else "latent-crystal.onnx")
    identity = hashlib.sha256(weights.read_bytes()).hexdigest()[:8]
    make = of_run if run else of_files
    told = _training(folder)
    rows = f"{told['split'].get('train', 'all')} rows of {told['data'].get('samples')}"
    trained = f"{told['model']}, trained before on {rows}, seed {told['seed']}"
    name = "ours, shipped" if folder.name == "weights" else folder.resolve().name
    name = f"{name} ({'run' if run else 'files'})"
    return Method(name, f"finished-{identity}", trained, cache(lambda: make(folder)))


def _training(folder: Path) -> Mapping[str, Any]:
    """Return what a run, or an exported file, says of its training."""
    if (folder / "run.json").exists():
        return json.loads((folder / "run.json").read_text())
    return read_model_file(folder / "latent-crystal.onnx").metadata.training
