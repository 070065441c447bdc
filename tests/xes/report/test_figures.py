"""Figures of a judged run show errors per energy, samples from best to worst, and moments."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from xmodkit.evaluation import TRAINING_MEAN, Candidate, Evaluation
from xmodkit.modality import Axis
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value
from xmodkit_xes.pair import Xes
from xmodkit_xes.report.gallery import chosen_rows

pytest.importorskip("matplotlib")
pytest.importorskip("ase")

ENERGIES = tuple(float(energy) for energy in np.linspace(2445, 2480, 141))
ROWS = 12


def sample(number: int) -> Sample:
    structure = {
        "numbers": np.array([16, 1, 1], np.int32),
        "positions": np.array([[0, 0, 0], [0, 0, 1.34], [1.34, 0, 0.05]], np.float32),
        "cell": np.zeros((3, 3), np.float32),
        "sites": np.zeros(1, np.int32),
    }
    return Sample(f"molecule {number}", {"structure": structure})


@pytest.fixture
def evaluation() -> Evaluation:
    """Return predictions that are the worse the later a sample comes."""
    energy = np.array(ENERGIES)
    centres = np.linspace(2464, 2467, ROWS)[:, None]
    truth = np.exp(-(((energy - centres) / 2) ** 2)).astype(np.float32)
    found = truth + (0.02 * np.arange(ROWS)[:, None] * np.sin(energy)).astype(np.float32)
    axis = Axis("xes_energy", 141, "eV", ENERGIES)
    pair = Xes()
    rows = Prediction(
        {"xes": Value(found, found - 0.1, found + 0.1, axes=(axis,))},
        pair.derive({"xes": found, "xes_energy": energy}, pair.route()),
        novelty=np.ones(ROWS),
        novel=np.arange(ROWS) > 9,
    )
    model: Any = SimpleNamespace(target=lambda route, one: {})
    run = Candidate("mine", {"data": {"source": "simulated"}}, ("structure:xes",), (), model,
        lambda *_: rows)  # fmt: skip
    mean = np.repeat(truth.mean(axis=0)[None], ROWS, axis=0)
    return Evaluation(
        pair, pair.route(), (run,), [sample(i) for i in range(ROWS)], {"xes": truth}, rows,
        {"mine": {"xes": found}, TRAINING_MEAN: {"xes": mean}}, (), {}, {}, {}, "s", "test", 0.9,
        "simulated",
    )  # fmt: skip


def test_every_figure_is_a_picture_with_a_name_and_a_caption(evaluation: Evaluation):
    figures = {figure.name: figure for figure in evaluation.pair.figures(evaluation)}
    assert set(figures) == {"curves", "gallery", "moments"}
    for figure in figures.values():
        with Image.open(io.BytesIO(figure.picture)) as picture:
            assert picture.width > 1000
        assert figure.caption.endswith(".")


def test_the_gallery_goes_from_the_best_to_the_worst(evaluation: Evaluation):
    chosen = chosen_rows(evaluation)
    assert chosen == {"best": [0, 1, 2], "median": [4, 5, 6], "worst": [9, 10, 11]}
    gallery = next(f for f in evaluation.pair.figures(evaluation) if f.name == "gallery")
    assert gallery.numbers["worst"][-1] == "molecule 11"
