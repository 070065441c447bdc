"""q of detectors' pixels agrees with pyFAI, and a PONI's orientation does not mirror a frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from xmodkit.errors import UsageError
from xmodkit.pair import Failure, Sample
from xmodkit_saxs_sem.reading.frames import read_frames
from xmodkit_saxs_sem.reading.geometry import header_geometry, scattering, turned

pyfai = pytest.importorskip("pyFAI")

HEADER = {
    "Center_1": "40.5",
    "Center_2": "61.25",
    "PSize_1": "5e-4",
    "PSize_2": "500_um",
    "SampleDistance": "1.5708",
    "WaveLength": "1e-10",
}
MINI = {
    "_array_data.header_contents": "# Detector: PILATUS\r\n# Pixel_size 500e-6 m x 500e-6 m\r\n"
    "# Wavelength 1.0 A\r\n# Detector_distance 1.5708 m\r\n# Beam_xy (40.5, 61.25) pixels"
}


@pytest.mark.parametrize("header", [HEADER, MINI], ids=["edf", "minicbf"])
def test_header_geometry_is_that_of_pyfai(header: dict[str, str]) -> None:
    """|q| in plane is k sin(2 theta) of the 2 theta that pyFAI gives from the same parameters."""
    from pyFAI.geometry import Geometry

    geometry = header_geometry(header)
    assert geometry is not None
    qx, qy = geometry.q_maps((100, 90))
    theirs = Geometry().setSPD(1.5708, 40.5, 61.25, PSize_1=5e-4, PSize_2=5e-4, WaveLength=1e-10)
    two_theta = theirs.center_array((100, 90), unit="2th_rad", scale=False)
    np.testing.assert_allclose(
        np.hypot(qx, qy), 2 * np.pi / 0.1 * np.sin(two_theta), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("missing", ["Center_1", "WaveLength", "SampleDistance"])
def test_half_a_header_is_none(missing: str) -> None:
    """Nothing is guessed."""
    assert header_geometry({k: v for k, v in HEADER.items() if k != missing}) is None
    assert header_geometry({**HEADER, missing: "unknown"}) is None
    assert header_geometry({**HEADER, "SampleDistance": "0"}) is None


def test_the_offset_of_a_part_moves_the_centre() -> None:
    """A region of interest keeps the centre of the whole detector in its header."""
    whole = header_geometry(HEADER)
    part = header_geometry({**HEADER, "Offset_1": "10", "Offset_2": "20"})
    assert whole is not None
    assert part is not None
    np.testing.assert_allclose(part.q_maps((50, 50))[0], whole.q_maps((70, 60))[0][20:, 10:])
    np.testing.assert_allclose(part.q_maps((50, 50))[1], whole.q_maps((70, 60))[1][20:, 10:])


def test_turning_keeps_lengths() -> None:
    """And four quarter turns are none."""
    qx, qy = scattering(np.array([0.1]), np.array([0.2]), np.array([1.0]), 1e-10)
    q = (qx, qy)
    for _ in range(4):
        q = turned(q, 90)
        assert np.hypot(*q) == pytest.approx(np.hypot(qx, qy))
    assert q[0] == pytest.approx(qx)


def poni(path: Path, orientation: int, shape: tuple[int, int] | None = (100, 100)) -> Path:
    """Write a PONI whose beam falls on the middle of column 40 and row 60 as stored."""
    from pyFAI.detectors import Detector
    from pyFAI.geometry import Geometry

    detector = Detector(5e-4, 5e-4, max_shape=shape, orientation=orientation)
    geometry = Geometry(dist=1.5708, detector=detector, wavelength=1e-10)
    detector.shape = shape
    up, right, _ = detector.calc_cartesian_positions(np.array([60.0]), np.array([40.0]))
    geometry.poni1, geometry.poni2 = float(up[0]), float(right[0])
    geometry.save(str(path))
    return path


@pytest.mark.parametrize("orientation", [1, 2, 3, 4])
def test_a_poni_gives_q_as_the_frame_is_shown(tmp_path: Path, orientation: int) -> None:
    """Zero at the beam, qx to the right, qy up, whatever corner the detector begins in."""
    counts = np.full((100, 100), 5, np.uint16)
    Image.fromarray(counts).save(tmp_path / "a.tif")
    file = poni(tmp_path / "a.poni", orientation)
    (sample,) = read_frames(tmp_path / "a.tif", {"poni": file})
    assert isinstance(sample, Sample), sample
    found = sample.arrays["saxs"]
    column, row = np.meshgrid(np.arange(100) - 40, np.arange(100) - 60)
    np.testing.assert_allclose(found["qx"], 0.02 * column, atol=5e-4)
    np.testing.assert_allclose(found["qy"], -0.02 * row, atol=5e-4)
    assert sample.metadata["calibration"] == "PONI file"


def test_a_poni_without_a_shape_takes_the_frames(tmp_path: Path) -> None:
    """As pyFAI writes for a detector it does not know (version 1)."""
    text = "PixelSize1: 0.0005\nPixelSize2: 0.0005\nDistance: 1.5708\nPoni1: 0.03025\n"
    text += "Poni2: 0.02025\nRot1: 0\nRot2: 0\nRot3: 0\nWavelength: 1e-10\n"
    (tmp_path / "a.poni").write_text(text)
    Image.fromarray(np.full((100, 90), 5, np.uint16)).save(tmp_path / "a.tif")
    (sample,) = read_frames(tmp_path / "a.tif", {"poni": tmp_path / "a.poni"})
    assert isinstance(sample, Sample), sample
    assert sample.arrays["saxs"]["qx"][60, 40] == pytest.approx(0, abs=1e-6)
    assert sample.arrays["saxs"]["qx"][60, 50] == pytest.approx(0.2, abs=1e-4)
    assert sample.arrays["saxs"]["qy"][50, 40] == pytest.approx(0.2, abs=1e-4)


def test_a_poni_wins_over_a_header(
    tmp_path: Path, spot: Callable[..., NDArray[np.float64]]
) -> None:
    """The header may be that of yesterday."""
    fabio = pytest.importorskip("fabio")
    fabio.edfimage.EdfImage(data=spot().astype("f4"), header=HEADER).write(str(tmp_path / "a.edf"))
    (own,) = read_frames(tmp_path / "a.edf", {})
    (given,) = read_frames(tmp_path / "a.edf", {"poni": poni(tmp_path / "a.poni", 3)})
    assert isinstance(own, Sample)
    assert isinstance(given, Sample)
    assert own.metadata["calibration"] == "header"
    assert given.arrays["saxs"]["qx"][60, 40] == pytest.approx(0, abs=1e-5)
    assert abs(own.arrays["saxs"]["qy"][60, 40]) > 1e-3


def test_wrong_ponis_are_told(tmp_path: Path) -> None:
    """One of another detector fails its file, one that is none ends the run."""
    Image.fromarray(np.full((100, 90), 5, np.uint16)).save(tmp_path / "a.tif")
    (item,) = read_frames(tmp_path / "a.tif", {"poni": poni(tmp_path / "a.poni", 3)})
    assert isinstance(item, Failure)
    assert "100 x 90 pixels given, 100 x 100 expected" in item.error
    (tmp_path / "b.poni").write_text("nothing of the kind")
    for name in ("b.poni", "absent.poni"):
        with pytest.raises(UsageError, match="--poni"):
            list(read_frames(tmp_path / "a.tif", {"poni": tmp_path / name}))
