"""Judged runs made of crystals alone: energies, stability and latents that are known by heart."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from xmodkit.evaluation import TRAINING_MEAN, Candidate, Evaluation
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value
from xmodkit_crystal.modalities import VOXELS
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.simulator.samples import crystal_sample
from xmodkit_crystal.structure import Crystal

ROWS = 40
METALS = (22, 23, 24, 25)  # Ti V Cr Mn
THRESHOLD = 0.5


def rocksalt(metal: int, anion: int = 8, edge: float = 2.95) -> Crystal:
    """Return the primitive cell of a rocksalt, its edges in A."""
    cell = edge / np.sqrt(2) * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0.0]])
    return Crystal(np.array([metal, anion]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), cell)


def sample(number: int, energy: float | None = None) -> Sample:
    """Return a rocksalt of one of four metals; its energy is left out if None."""
    crystal = rocksalt(METALS[number % 4], edge=2.8 + 0.01 * number)
    known = {"simulated": True} | ({} if energy is None else {"formation_energy": energy})
    return crystal_sample(crystal, f"crystal {number}", known)


def judged(samples: list[Sample], prediction: Prediction, **more: Any) -> Evaluation:
    """Return a run on crystal:latent with a prediction, beside the training mean."""
    pair = CrystalPair()
    model = more.pop("model", SimpleNamespace(head=SimpleNamespace(stable_below=THRESHOLD)))
    settings: Any = {"data": {"source": "simulated"}, "split": {"by": "formula"}}
    run = Candidate(
        "mine", settings, more.pop("routes", ("crystal:latent",)), (), model,
        more.pop("predict", lambda *_: prediction),
    )  # fmt: skip
    truth = more.pop("truth", {})
    peers = {
        "mine": {name: value.value for name, value in prediction.fields.items()},
        TRAINING_MEAN: {n: np.full_like(t, np.nanmean(t)) for n, t in truth.items()},
    }
    return Evaluation(
        pair, pair.route("crystal:latent"), (run,), samples, truth, prediction, peers, (), {}, {},
        {}, "s", "test", 0.9, "simulated",
    )  # fmt: skip


@pytest.fixture
def energies() -> Evaluation:
    """Return energies that are off by 0.1 eV/atom and probabilities that come true.

    Every tenth has no known energy, every eighth is outside the chemistry: no answer.
    """
    rng = np.random.default_rng(0)
    true = rng.uniform(-0.5, 2, ROWS).astype(np.float32)
    found = (true + 0.1 * rng.choice([-1, 1], ROWS)).astype(np.float32)
    found[::8] = np.nan
    novelty = rng.permutation(ROWS).astype(np.float32)
    stability = np.where(np.isnan(found), np.nan, 1 / (1 + np.exp(8 * (found - THRESHOLD))))
    known = [None if i % 10 == 3 else float(true[i]) for i in range(ROWS)]
    samples = [sample(i, energy) for i, energy in enumerate(known)]
    prediction = Prediction(
        {
            "stability": Value(stability.astype(np.float32)),
            "formation_energy": Value(found, found - 0.15, found + 0.15, "eV/atom"),
        },
        novelty=novelty,
        novel=novelty > 36,
        latent=np.column_stack([true, rng.normal(0, 0.1, (ROWS, 3))]).astype(np.float32),
    )
    truth = np.array([np.nan if e is None else e for e in known], np.float32)
    return judged(samples, prediction, truth={"formation_energy": truth})


@pytest.fixture
def images_of() -> Callable[..., Prediction]:
    """Return what predicts a sample's own images, its cell `stretched`, as crystal:crystal does."""
    from xmodkit_crystal.encode import encode_crystal
    from xmodkit_crystal.reading.arrays import to_crystal

    def predict(stretched: float, samples: list[Sample]) -> Prediction:
        crystals = [to_crystal(s.arrays["crystal"]) for s in samples]
        larger = [Crystal(c.numbers, c.fractional, stretched * c.cell) for c in crystals]
        rows = [encode_crystal(crystal, 13.5) for crystal in larger]
        return Prediction(
            {f.name: Value(np.stack([row[f.name] for row in rows])) for f in VOXELS.fields}
        )

    return predict


@pytest.fixture
def judge() -> Callable[..., Evaluation]:
    """Return the function that makes an evaluation of a prediction."""
    return judged


@pytest.fixture
def make() -> Callable[..., Sample]:
    """Return the function that makes a sample by its number."""
    return sample
