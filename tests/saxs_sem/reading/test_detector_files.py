"""EDF and CBF: headers calibrate, marks are masked, damaged files are refused within bounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from xmodkit.pair import Failure, Sample
from xmodkit_saxs_sem.reading.frames import read_frames

fabio = pytest.importorskip("fabio")

Spot = Callable[..., NDArray[np.float64]]

HEADER = {
    "Center_1": "50",
    "Center_2": "50",
    "PSize_1": "5e-4",
    "PSize_2": "5e-4",
    "SampleDistance": "1.570796",
    "WaveLength": "1e-10",
}
MINI = {
    "_array_data.header_contents": "# Pixel_size 500e-6 m x 500e-6 m\r\n# Wavelength 1.0 A\r\n"
    "# Detector_distance 1.570796 m\r\n# Beam_xy (50.0, 50.0) pixels"
}


def one(path: Path) -> Sample:
    (item,) = read_frames(path, {})
    assert isinstance(item, Sample), item
    return item


def refused(path: Path, options: dict[str, Any] | None = None) -> str:
    (item,) = read_frames(path, options or {})
    assert isinstance(item, Failure)
    assert str(path) in item.error
    return item.error


@pytest.fixture
def edf(tmp_path: Path, spot: Spot) -> Path:
    path = tmp_path / "a.edf"
    counts = spot(0.31, 0.11).astype(np.float32)
    counts[20] = -7
    header = {**HEADER, "Dummy": "-7", "DDummy": "0.5"}
    fabio.edfimage.EdfImage(data=counts, header=header).write(str(path))
    return path


@pytest.fixture
def cbf(tmp_path: Path, spot: Spot) -> Path:
    path = tmp_path / "a.cbf"
    counts = spot(0.31, 0.11).astype(np.int32)
    counts[20], counts[21, 5] = -1, -2
    fabio.cbfimage.CbfImage(data=counts, header=MINI).write(str(path))
    return path


@pytest.mark.parametrize("kind", ["edf", "cbf"])
def test_the_header_calibrates_and_gaps_are_masked(
    request: pytest.FixtureRequest, kind: str
) -> None:
    """The spot lies where it was drawn; row 20 was not measured."""
    sample = one(request.getfixturevalue(kind))
    found = sample.arrays["saxs"]
    at = np.unravel_index(found["intensity"].argmax(), (100, 100))
    assert found["qx"][at] == pytest.approx(0.31, abs=1e-4)
    assert found["qy"][at] == pytest.approx(0.11, abs=1e-4)
    assert not found["mask"][20].any()
    assert found["mask"].mean() == pytest.approx(0.99, abs=1e-3)
    assert found["intensity"].min() >= 0
    assert sample.metadata["calibration"] == "header"


def test_frames_of_one_edf_are_samples_of_their_own(tmp_path: Path, spot: Spot) -> None:
    """Numbered from 1."""
    image = fabio.edfimage.EdfImage(data=spot().astype(np.float32), header=HEADER)
    image.append_frame(data=2 * spot().astype(np.float32), header=HEADER)
    image.write(str(tmp_path / "a.edf"))
    samples = list(read_frames(tmp_path / "a.edf", {}))
    assert [sample.id for sample in samples] == ["a-1", "a-2"]
    assert [float(s.arrays["saxs"]["intensity"].max()) for s in samples] == [1000, 2000]  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["edf", "cbf"])
def test_a_file_cut_short_is_refused(request: pytest.FixtureRequest, kind: str) -> None:
    """The library would fill it with zeros."""
    path = request.getfixturevalue(kind)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "damaged or cut short" in refused(path)


def test_changed_data_of_a_cbf_are_refused(cbf: Path) -> None:
    """Its checksum says so."""
    content = bytearray(cbf.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3] = b"abc"
    cbf.write_bytes(content)
    assert "damaged" in refused(cbf)


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("edf", b"Dim_1 = 100", b"Dim_1 = 900000"),
        ("edf", b"Dim_1 = 100", b"Dim_1 = -10"),
        ("cbf", b"Fastest-Dimension: 100", b"Fastest-Dimension: 900000000"),
        ("cbf", b"Second-Dimension: 100", b"Second-Dimension: -100"),
        ("cbf", b"Second-Dimension: 100", b"Second-Dimension: 110"),
    ],
)
def test_absurd_sides_are_refused_before_memory_is_taken(
    request: pytest.FixtureRequest, kind: str, old: bytes, new: bytes
) -> None:
    """Whatever the header declares."""
    path = request.getfixturevalue(kind)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    refused(path)


@pytest.mark.parametrize("entry", [("Title", "GISAXS of a film"), ("IncidentAngle", "0.2 deg")])
def test_grazing_incidence_is_refused_unless_told_otherwise(
    tmp_path: Path, spot: Spot, entry: tuple[str, str]
) -> None:
    """The models know transmission."""
    image = fabio.edfimage.EdfImage(data=spot().astype("f4"), header={**HEADER, **dict([entry])})
    image.write(str(tmp_path / "a.edf"))
    assert "transmission expected" in refused(tmp_path / "a.edf")
    (item,) = read_frames(tmp_path / "a.edf", {"geometry": "transmission"})
    assert isinstance(item, Sample)


def test_an_edf_serves_as_a_mask(tmp_path: Path, edf: Path) -> None:
    """As silx and pyFAI save them."""
    mask = np.zeros((100, 100), np.uint8)
    mask[:, :30] = 1
    fabio.edfimage.EdfImage(data=mask).write(str(tmp_path / "mask.edf"))
    (item,) = read_frames(edf, {"mask": tmp_path / "mask.edf"})
    assert isinstance(item, Sample)
    assert not item.arrays["saxs"]["mask"][:, :30].any()
    assert item.arrays["saxs"]["mask"][:, 30:].mean() == 0.99
