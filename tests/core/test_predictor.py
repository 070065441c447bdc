"""A loaded model file predicts arrays that fit and refuses those that do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import xmodkit
from xmodkit.errors import DataError, DeviceError, ModelFileError, UsageError
from xmodkit.modelfile import read_model_file, write_model_file
from xmodkit.predictor import ModelPredictor


def image(level: int, size: tuple[int, int] = (6, 5)) -> np.ndarray:
    return np.full((*size, 3), level, np.uint8)


def test_one_sample_gives_values_without_a_batch_axis(tiny_model: Path):
    p = xmodkit.load(tiny_model)(image(50))
    assert p.value.shape == (3,)
    np.testing.assert_allclose(p.value, 50)
    np.testing.assert_allclose(p.lower, 40)
    np.testing.assert_allclose(p.upper, 60)
    assert p.novelty == pytest.approx(50)
    assert not p.novel
    assert p.bounds_source == "simulated"
    assert p.device == "cpu"


def test_a_batch_and_a_list_of_any_shapes_keep_their_order(tiny_model: Path):
    predict = xmodkit.load(tiny_model)
    together = predict(np.stack([image(10), image(20)]))
    np.testing.assert_allclose(together.value[:, 0], [10, 20])
    listed = predict([image(10), image(90, (3, 9)), image(20)])
    np.testing.assert_allclose(listed.value[:, 0], [10, 90, 20])


def test_novel_samples_have_no_bounds(tiny_model: Path):
    p = xmodkit.load(tiny_model)([image(50), image(250)])
    assert list(p.novel) == [False, True]
    assert np.isnan(p.lower[1]).all()
    assert np.isfinite(p.lower[0]).all()
    assert list(p.bounds_source) == ["simulated", "none"]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((6, 5, 3)), "float64 given, uint8 expected"),
        (np.zeros((6, 5, 4), np.uint8), r"\(6, 5, 4\) given, \(y, x, channel=3\) expected"),
        (np.zeros((0, 5, 3), np.uint8), "expected"),
        (np.zeros((5, 3), np.uint8), "2 axes given"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tiny_model: Path, array: np.ndarray, message: str):
    with pytest.raises(DataError, match=message):
        xmodkit.load(tiny_model)(array)


def test_an_empty_list_is_refused(tiny_model: Path):
    with pytest.raises(DataError, match="empty list"):
        xmodkit.load(tiny_model)([])


def test_asking_for_a_device_that_is_not_there_fails(tiny_model: Path):
    from xmodkit.device import available_devices

    if "cuda" in available_devices():
        pytest.skip("a CUDA driver is here")
    with pytest.raises(DeviceError, match="cuda"):
        ModelPredictor(tiny_model, device="cuda")


@pytest.mark.parametrize("device", ["gpu", "cpu:1", "cuda:x", ""])
def test_a_device_name_that_means_nothing_is_refused(tiny_model: Path, device: str):
    with pytest.raises(UsageError, match="expected auto, cpu, cuda"):
        ModelPredictor(tiny_model, device=device)


def test_metadata_that_do_not_fit_the_graph_are_found_on_loading(tiny_model: Path):
    from dataclasses import replace

    file = read_model_file(tiny_model)
    renamed = replace(file.metadata.inputs[0], name="photo")
    write_model_file(tiny_model, file.data, replace(file.metadata, inputs=(renamed,)))
    with pytest.raises(ModelFileError, match="photo"):
        ModelPredictor(tiny_model)


@pytest.fixture
def curve_model(tiny_model: Path) -> Path:
    """Return the tiny model, of which whole curves lie within bounds 1.5 times as wide."""
    from dataclasses import replace

    file = read_model_file(tiny_model)
    calibration = replace(file.metadata.calibration, curve={"level": 1.5})
    write_model_file(tiny_model, file.data, replace(file.metadata, calibration=calibration))
    return tiny_model


def test_a_band_for_whole_curves_is_as_much_wider_as_the_file_says(curve_model: Path):
    p = xmodkit.load(curve_model, band="curve")([image(50), image(250)])
    np.testing.assert_allclose(p.lower[0], 35)
    np.testing.assert_allclose(p.upper[0], 65)
    assert np.isnan(p.lower[1]).all()
    np.testing.assert_allclose(xmodkit.load(curve_model)(image(50)).lower, 40)


def test_another_band_is_another_predictor(curve_model: Path):
    points = ModelPredictor(curve_model, "cpu")
    curve = points.banded("curve")
    assert curve.identity != points.identity == points.file.identity
    assert (points.band, curve.band) == ("pointwise", "curve")


def test_a_band_that_a_file_does_not_know_is_refused(tiny_model: Path):
    with pytest.raises(UsageError, match="says nothing of whole curves"):
        xmodkit.load(tiny_model, band="curve")
    with pytest.raises(UsageError, match="one of pointwise, curve expected"):
        xmodkit.load(tiny_model, band="wide")
