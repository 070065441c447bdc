"""Micrographs: bright and dark phase, noise of a dose, rows that jitter; and their info bar."""

from dataclasses import replace

import numpy as np
import pytest

from xmodkit_saxs_sem.simulator import with_info_bar
from xmodkit_saxs_sem.simulator.infobar import HEIGHT
from xmodkit_saxs_sem.simulator.micrograph import draw_microscope, micrograph
from xmodkit_saxs_sem.simulator.parameters import draw_film

pytest.importorskip("scipy", reason="the simulator needs xmodkit[saxs-sem]")

QUIET = {
    "noise": 0.0,
    "uneven": 0.0,
    "slope": (0.0, 0.0),
    "streak": 0.0,
    "jitter": 0.0,
    "drift": 0.0,
    "edge": 0.0,
    "holes_per_um2": 0.0,
}


def _picture(**changes):
    film = draw_film(np.random.default_rng(0), "lamellae")
    microscope = replace(draw_microscope(np.random.default_rng(0)), **(QUIET | changes))
    image = micrograph(film, 0.0, microscope, (200, 300), 2.0, np.random.default_rng(1))
    return image.astype(float), microscope


def test_a_quiet_micrograph_lies_between_the_two_phases_grey_levels():
    image, microscope = _picture()
    assert image.min() >= np.floor(microscope.dark)
    assert image.max() <= np.ceil(microscope.dark + microscope.contrast)
    assert np.ptp(image) > 0.7 * microscope.contrast


def test_noise_is_stronger_where_the_picture_is_brighter():
    quiet, _ = _picture()
    noisy, _ = _picture(noise=15.0)
    error = noisy - quiet
    bright = quiet > np.quantile(quiet, 0.8)
    dark = quiet < np.quantile(quiet, 0.2)
    assert error[bright].std() == pytest.approx(15.0, rel=0.1)
    assert error[dark].std() < 0.85 * error[bright].std()


def test_drift_shears_the_lines():
    straight, _ = _picture()
    sheared, _ = _picture(drift=8.0)
    middle = slice(98, 102)
    assert np.abs(straight[middle] - sheared[middle]).mean() < 3.0
    assert np.abs(straight[:4] - sheared[:4]).mean() > 10.0


def test_holes_are_darker_than_the_dark_phase():
    image, microscope = _picture(holes_per_um2=20.0)
    assert image.min() < 0.5 * (microscope.dark + microscope.hole)


def test_the_info_bar_lies_below_the_field():
    image = np.full((830, 1280), 90, np.uint8)
    picture = np.asarray(with_info_bar(image, 2.0))
    assert picture.shape == (830 + HEIGHT, 1280)
    np.testing.assert_array_equal(picture[:830], image)
    assert (picture[830:] == 0).mean() > 0.8
    assert (picture[830:] == 255).any()
