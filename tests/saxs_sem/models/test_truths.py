"""What was measured of a sample, as the models predict it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from xmodkit.errors import MissingExtraError
from xmodkit.pair import Sample
from xmodkit_saxs_sem.modalities import SIZE, STATISTICS
from xmodkit_saxs_sem.pair import SaxsSem

PAIR = SaxsSem()


def truth(film: Sample, name: str) -> dict[str, np.ndarray]:
    pytest.importorskip("torch")
    return dict(PAIR.truths(film, PAIR.route(name)))


def test_of_a_micrograph_the_statistics_are_those_of_the_crop(film: Sample):
    found = truth(film, "saxs:sem")
    image = found["micrograph"]
    assert image.shape == (SIZE, SIZE)
    assert set(np.unique(image)) == {0, 255}
    assert float(found["pixel_nm"]) == 4
    for field in STATISTICS:
        assert found[field.name].shape == (SIZE // 2,)
        np.testing.assert_allclose(found[field.name][0], (image > 0).mean(), atol=1e-6)


def test_the_crop_depends_on_the_sample_and_a_reconstructions_is_the_middle(film: Sample):
    other = Sample("film 2", film.arrays)
    first, again, second = (truth(one, "saxs:sem")["micrograph"] for one in (film, film, other))
    np.testing.assert_array_equal(first, again)
    assert (first != second).any()
    middle = [truth(one, "sem:sem")["micrograph"] for one in (film, other)]
    np.testing.assert_array_equal(*middle)
    assert truth(film, "sem:sem").keys() == {"micrograph", "pixel_nm"}


@pytest.mark.parametrize("route", ["sem:saxs", "saxs:saxs"])
def test_of_a_frame_what_was_not_measured_is_nan_and_the_rest_is_over_its_mean(
    film: Sample, route: str
):
    log = truth(film, route)["log_intensity"]
    measured = np.isfinite(log)
    assert not measured[SIZE // 2, SIZE // 2]  # the beam stop
    assert 0.2 < measured.mean() < 1
    row, column = np.unravel_index(np.nanargmax(log), log.shape)
    place = np.array([column - SIZE // 2, SIZE // 2 - row])  # right, up
    wave = 384 / 36 * np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    assert min(np.abs(place - wave).max(), np.abs(place + wave).max()) <= 1


@pytest.mark.parametrize("route", ["saxs:sem", "sem:saxs"])
def test_it_is_what_a_model_with_the_published_threshold_is_trained_for(film: Sample, route: str):
    pytest.importorskip("torch")
    expected = PAIR.models()["phases"]().target(route, film)
    found = truth(film, route)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_without_torch_it_says_which_extra_is_missing(
    film: Sample, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "xmodkit_saxs_sem.models.truths", raising=False)
    monkeypatch.delitem(sys.modules, "xmodkit_saxs_sem.models", raising=False)
    with pytest.raises(MissingExtraError, match="train"):
        PAIR.truths(film, PAIR.route())
