"""Small-angle data as instruments write it: every file of the shared set reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xmodkit.pair import Sample
from xmodkit_saxs_sem.modalities import SAXS
from xmodkit_saxs_sem.reading.frames import read_frames

DATA = Path(__file__).parents[4] / "shared" / "data" / "sas2d"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data/sas2d")


def one(name: str) -> Sample:
    (item,) = read_frames(DATA / name, {})
    assert isinstance(item, Sample), item
    SAXS.check(item.arrays["saxs"])
    return item


@pytest.mark.parametrize(
    ("name", "shape", "highest", "unmeasured"),
    [
        ("14250_2D_NoDetInfo_NXcanSAS_v3.h5", (160, 160), 1.1925, 7993),
        ("33837rear_2D_1.75_16.5_NXcanSAS_v3.h5", (150, 150), 1.49, 105),
        ("P123_D2O_10_percent.dat", (100, 100), 0.99, 33),
        ("P123_D2O_30_percent.dat", (100, 100), 0.99, 56),
    ],
)
def test_frames_with_q_axes(
    name: str, shape: tuple[int, int], highest: float, unmeasured: int
) -> None:
    """Q in 1/nm, to the right and up; what has no intensity and no error is masked."""
    if name.endswith(".h5"):
        pytest.importorskip("h5py")
    sample = one(name)
    found = sample.arrays["saxs"]
    assert found["intensity"].shape == shape
    assert found["qx"][:, -1] == pytest.approx(highest, rel=1e-5)
    assert found["qy"][0] == pytest.approx(highest, rel=1e-5)
    assert (found["mask"] == 0).sum() == unmeasured
    assert not found["intensity"][found["mask"] == 0].any()


def test_the_arm_of_the_beam_stop_lies_where_the_file_has_it() -> None:
    """Right of the middle, at positive qy: rows of the file run upwards."""
    pytest.importorskip("h5py")
    found = one("33837rear_2D_1.75_16.5_NXcanSAS_v3.h5").arrays["saxs"]
    arm = (found["mask"] == 0) & (found["qx"] > 0.5) & (np.abs(found["qy"]) > 0.05)
    assert arm.sum() > 50
    assert (found["qy"][arm] > 0).all()


def test_the_ring_of_the_micelles_is_where_it_was_measured() -> None:
    """30 % of Pluronic P123 in heavy water: a ring near 0.4 1/nm."""
    found = one("P123_D2O_30_percent.dat").arrays["saxs"]
    q = np.hypot(found["qx"], found["qy"])
    ring = [
        found["intensity"][(q > low) & (q <= low + 0.04)].mean()
        for low in np.arange(0.1, 0.8, 0.04)
    ]
    assert np.arange(0.1, 0.8, 0.04)[int(np.argmax(ring))] == pytest.approx(0.38, abs=0.05)


def test_the_picture_is_false_colour_without_q() -> None:
    """Both are said."""
    sample = one("ISIS_98940_greyscale_tif.tif")
    assert sample.arrays["saxs"]["intensity"].shape == (341, 339)
    assert not sample.arrays["saxs"]["qx"].any()
    assert any("not linear" in text for text in sample.notices)
    assert any("q is not known" in text for text in sample.notices)
