"""What radial distributions tell of spectra: a floor that networks must beat."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.pair import Sample
from xmodkit_xes.pair import Xes
from xmodkit_xes.report.radial import radial_distribution

pytest.importorskip("sklearn")
pytest.importorskip("scipy")

ENERGIES = np.linspace(2455, 2475, 30)


def pair_of_atoms(distance: float, other: int = 8) -> Sample:
    """Return sulfur and a neighbour whose distance moves the line, whose element its height."""
    line = (other / 8) * np.exp(-((ENERGIES - 2461 - 4 * (distance - 1)) ** 2) / 8)
    structure = {
        "numbers": np.array([16, other], np.int32),
        "positions": np.array([[0, 0, 0], [0, distance, 0]], np.float32),
        "cell": np.zeros((3, 3), np.float32),
        "sites": np.zeros(1, np.int32),
    }
    return Sample(f"{distance}", {"structure": structure, "xes": {"xes": line.astype(np.float32)}})


@pytest.fixture
def samples() -> list[Sample]:
    rng = np.random.default_rng(0)
    return [pair_of_atoms(rng.uniform(1.3, 2.8), int(rng.choice([6, 8]))) for _ in range(200)]


def test_both_baselines_beat_the_mean_on_samples_they_never_saw(samples: list[Sample]):
    training, test = samples[:150], samples[150:]
    pair = Xes()
    found = pair.baselines(pair.route(), training, test)
    truth = np.stack([sample.arrays["xes"]["xes"] for sample in test])
    mean = np.stack([sample.arrays["xes"]["xes"] for sample in training]).mean(axis=0)
    assert len(found) == 2
    for fields in found.values():
        assert fields["xes"].shape == truth.shape
        assert ((fields["xes"] - truth) ** 2).sum() < 0.3 * ((mean - truth) ** 2).sum()


def test_an_element_that_training_never_saw_is_another():
    elements = np.array([8, 16], np.int32)
    rows = radial_distribution([pair_of_atoms(2.0, 8), pair_of_atoms(2.0, 34)], elements)
    rows = rows.reshape(2, 3, -1)
    assert rows[0, 0].max() > 0.9
    assert rows[0, 2].max() == 0
    assert rows[1, 2].max() > 0.9
    assert rows[1, :2].max() == 0


def test_routes_from_scores_have_no_such_baseline(samples: list[Sample]):
    pair = Xes()
    assert pair.baselines(pair.route("latent:xes"), samples, samples) == {}
