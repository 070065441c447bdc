"""A card shows the structure, its spectrum with bounds, and the spectra of its sites."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageColor

from xmodkit.curveplot import ACCENT, BAND, CURVE
from xmodkit.modality import Axis
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value
from xmodkit_xes.card_frame import SIZE
from xmodkit_xes.cards import PLOT, SKETCH, draw_card
from xmodkit_xes.combine import combine_sites
from xmodkit_xes.reading.absorbers import Absorber
from xmodkit_xes.reading.structures import read_structures
from xmodkit_xes.sketch import draw_atoms

pytest.importorskip("ase")

EXAMPLES = Path(__file__).parents[2] / "examples" / "structures"
ENERGIES = np.linspace(2455, 2475, 60)


def example(name: str, absorber: str = "S") -> Sample:
    sample = next(read_structures(EXAMPLES / name, Absorber(absorber)))
    assert isinstance(sample, Sample)
    return sample


def prediction(sample: Sample, *, novel: bool = False) -> Prediction:
    n = len(sample.arrays["structure"]["sites"])
    line = np.exp(-(((ENERGIES - 2465) / 2) ** 2)) * np.linspace(0.5, 1, n)[:, None]
    axis = Axis("xes_energy", len(ENERGIES), "eV", tuple(ENERGIES))
    width = np.nan if novel else 0.1
    value = Value(line, line - width, line + width, axes=(axis,))
    rows = Prediction(
        {"xes": value},
        novelty=np.ones(n),
        novel=np.full(n, novel),
        bounds_source=np.full(n, "none" if novel else "simulated"),
    )
    return combine_sites([sample], rows, [0] * n)[0]


def pixels(sample: Sample, found: Prediction) -> np.ndarray:
    card = draw_card(sample, found, "xes")
    assert card.size == SIZE
    return np.asarray(card)


def share(picture: np.ndarray, colour: str) -> float:
    return float((picture == ImageColor.getrgb(colour)).all(axis=2).mean())


@pytest.mark.parametrize(
    ("name", "absorber"),
    [("thiophene.xyz", "S"), ("cus.cif", "S"), ("copper.vasp", "Cu"), ("water.xyz", "O")],
)
def test_structure_curve_and_band_are_drawn(name: str, absorber: str):
    sample = example(name, absorber)
    picture = pixels(sample, prediction(sample))
    left, top, right, bottom = PLOT
    plot = picture[top:bottom, left:right]
    assert share(plot, CURVE) > 0.002
    assert share(plot, BAND) > 0.02
    sketch = picture[SKETCH[1] : SKETCH[1] + SKETCH[2], SKETCH[0] : SKETCH[0] + SKETCH[2]]
    assert (sketch < 250).any(axis=2).mean() > 0.02
    assert share(sketch, ACCENT) > 0


def test_a_novel_structure_has_a_badge_and_no_band():
    sample = example("thiophene.xyz")
    plain, novel = (pixels(sample, prediction(sample, novel=flag)) for flag in (False, True))
    assert share(novel, ACCENT) > share(plain, ACCENT) + 0.005
    assert share(novel, BAND) == 0


def test_a_measured_spectrum_is_drawn_beside_the_predicted_one():
    sample = example("thiophene.xyz")
    found = prediction(sample)
    known = {**sample.arrays, "xes": {"xes": np.linspace(0, 1, len(ENERGIES), dtype=np.float32)}}
    with_known = pixels(replace(sample, arrays=known), found)
    assert (with_known != pixels(sample, found)).any()


def test_a_lone_atom_and_a_straight_molecule_can_be_drawn():
    for places in ([[1.0, 2.0, 3.0]], [[0.0, 0, 0], [0, 0, 1.5], [0, 0, 3]]):
        numbers = np.full(len(places), 16, np.int32)
        picture = np.asarray(draw_atoms(numbers, np.array(places), 100, np.array([0])))
        assert picture.shape == (100, 100, 3)
        assert (picture < 250).any()
