"""Foreign frames: each fits the modality, each is what its name says."""

import numpy as np
import pytest

from xmodkit.errors import UsageError
from xmodkit_saxs_sem.modalities import SAXS
from xmodkit_saxs_sem.simulator import FOREIGN, foreign_frame

pytest.importorskip("scipy", reason="the simulator needs xmodkit[saxs-sem]")


@pytest.mark.parametrize("name", FOREIGN)
def test_every_foreign_frame_fits_the_modality(name):
    frame = foreign_frame(name, np.random.default_rng(0))
    SAXS.check(frame)
    assert (frame["intensity"] >= 0).all()
    assert frame["intensity"].max() > 100


def test_a_picture_at_grazing_incidence_has_a_horizon():
    frame = foreign_frame("grazing", np.random.default_rng(0))
    measured = frame["mask"] == 1
    above = frame["intensity"][measured & (frame["qy"] > 0.1)].mean()
    below = frame["intensity"][measured & (frame["qy"] < -0.1)].mean()
    assert above > 20 * below


def test_oblong_pixels_have_different_steps_each_way():
    frame = foreign_frame("oblong_pixels", np.random.default_rng(0))
    assert np.ptp(frame["qy"]) == pytest.approx(0.5 * np.ptp(frame["qx"]), rel=1e-3)


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="white_noise"):
        foreign_frame("neutrons", np.random.default_rng(0))
