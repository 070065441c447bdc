"""The uvvis pair keeps the contract of every pair, and its own promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import xmodkit
from xmodkit.modelfile import read_model_file
from xmodkit.pair import ModalityPair
from xmodkit.store import StoreWriter
from xmodkit.testing import PairContract
from xmodkit_uvvis.modalities import ENERGY_EV, VISIBLE_FROM_EV
from xmodkit_uvvis.pair import UvVis
from xmodkit_uvvis.reading import SUFFIXES
from xmodkit_uvvis.reading.rawfiles import SET_SUFFIXES, TEXT_SUFFIXES

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "scans").glob("*.png"))


class TestUvVisPair(PairContract):
    @pytest.fixture
    def pair(self) -> ModalityPair:
        pytest.importorskip("colour")  # the simulator's
        return UvVis()


def test_the_files_it_names_are_those_it_reads():
    assert set(UvVis.suffixes) == set(SUFFIXES)
    assert {*UvVis.suffixes, *UvVis.raw_suffixes} == {*SUFFIXES, *TEXT_SUFFIXES, *SET_SUFFIXES}


@pytest.fixture(scope="module")
def predict() -> xmodkit.LoadedPredictor:
    return xmodkit.load("uvvis", device="cpu")


def example(number: int = 0) -> np.ndarray:
    return np.asarray(Image.open(EXAMPLES[number]))


def test_four_lines_predict_a_spectrum_with_bounds_and_gaps(predict: xmodkit.LoadedPredictor):
    p = predict(example())
    assert p.value.shape == p.lower.shape == p.upper.shape == (220,)
    assert (p.lower < p.upper).all()
    assert np.isfinite(p.novelty)
    assert set(p.derived) == {"band_gap", "band_gap_indirect"}
    assert p.bounds_source == "simulated"


def test_the_shipped_file_is_small_and_says_it_is_simulated():
    path = UvVis().model_file(UvVis().route(), {})
    metadata = read_model_file(path).metadata
    assert path.stat().st_size < 5_000_000
    assert metadata.calibration.source == "simulated"
    assert metadata.calibration.rows >= 2000
    assert metadata.training["data"]["source"] == "simulated"
    assert metadata.training["split"]["test"] >= 5000
    assert path.with_suffix(".md").is_file()
    assert "simulated" in path.with_suffix(".md").read_text()


def test_energies_no_sensor_sees_are_called_inferred():
    field = UvVis().modality("absorption").fields[0]
    names = UvVis().column_names(field)
    inferred = [name.endswith("_inferred") for name in names]
    assert inferred == [energy < VISIBLE_FROM_EV for energy in ENERGY_EV]
    assert "inferred" in field.note


def test_bounds_are_wider_relative_to_the_signal_where_no_sensor_sees(
    predict: xmodkit.LoadedPredictor,
):
    p = predict([example(i) for i in range(len(EXAMPLES))])
    width = (p.upper - p.lower) / np.abs(p.value).clip(0.02)
    unseen = ENERGY_EV < VISIBLE_FROM_EV
    known = ~p.novel
    assert np.median(width[known][:, unseen]) > np.median(width[known][:, ~unseen])


def test_a_white_frame_is_novel_or_reads_as_the_blank_it_looks_like(
    predict: xmodkit.LoadedPredictor,
):
    p = predict(np.full((101, 101, 3), 255, np.uint8))
    assert p.novel or (np.abs(p.value).max() < 0.05 and p.derived["band_gap"].status == "none")


def test_black_and_noise_are_novel_and_have_no_bounds(predict: xmodkit.LoadedPredictor):
    rng = np.random.default_rng(0)
    strange = [
        np.zeros((101, 101, 3), np.uint8),
        rng.integers(0, 256, (101, 101, 3), dtype=np.uint8),
    ]
    p = predict(strange)
    assert p.novel.all()
    assert np.isnan(p.lower).all()
    assert set(p.bounds_source) == {"none"}


def test_the_same_drop_turned_moves_less_than_its_bounds(predict: xmodkit.LoadedPredictor):
    for path in EXAMPLES:
        image = np.asarray(Image.open(path))
        p, turned = predict(image), predict(np.ascontiguousarray(np.rot90(image)))
        if p.novel:
            continue
        inside = (turned.value >= p.lower) & (turned.value <= p.upper)
        assert inside.mean() > 0.95, path.name


def test_a_blank_reads_near_zero_with_no_gap(predict: xmodkit.LoadedPredictor):
    pytest.importorskip("colour")
    samples = UvVis().simulate(400, 77, {})
    blanks = [s.arrays["scan"]["scan"] for s in samples if s.metadata["blank"]]
    assert blanks
    p = predict(blanks)
    assert np.abs(p.value).max() < 0.1
    assert (p.derived["band_gap"].status == "none").mean() > 0.7
    assert p.novel.mean() < 0.3


def test_simulation_needs_the_lamp_it_is_told(predict: xmodkit.LoadedPredictor):
    pytest.importorskip("colour")
    led, halogen = (
        next(iter(UvVis().simulate(1, 5, {"lamp": lamp}))).arrays["scan"]["scan"]
        for lamp in ("led", "halogen")
    )
    assert (led != halogen).any()


def test_a_store_says_which_energies_are_inferred(tmp_path: Path):
    xarray = pytest.importorskip("xarray")
    field = read_model_file(UvVis().model_file(UvVis().route(), {})).metadata.outputs[0]
    with StoreWriter.create(tmp_path / "out.zarr", [field]) as writer:
        writer.append({"absorption": np.zeros((2, 220), np.float32)})
    opened = xarray.open_zarr(tmp_path / "out.zarr")
    assert "inferred" in opened.absorption.attrs["comment"]
    assert opened.energy.attrs["units"] == "eV"
