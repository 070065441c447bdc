"""Frames in images: counts stay counts, what was not measured is masked, q is known or said not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from xmodkit.errors import UsageError
from xmodkit.pair import Failure, Sample
from xmodkit_saxs_sem.modalities import SAXS
from xmodkit_saxs_sem.reading.frames import FRAME_SUFFIXES, read_frames

Spot = Callable[..., NDArray[np.float64]]

# 0.02 1/nm a pixel: 2 pi / 0.1 nm * 0.5 mm / 1570.8 mm
GIVEN = {
    "distance_mm": 1570.796,
    "wavelength_nm": 0.1,
    "detector_pixel_mm": 0.5,
    "centre": "50,50",
}


def one(path: Path, options: dict[str, Any] | None = None) -> Sample:
    """Return the only sample of a file, which fits its modality."""
    (item,) = read_frames(path, options or {})
    assert isinstance(item, Sample), item
    SAXS.check(item.arrays["saxs"])
    return item


def refused(path: Path, options: dict[str, Any] | None = None) -> str:
    """Return why a file is refused, on one line that names it."""
    (item,) = read_frames(path, options or {})
    assert isinstance(item, Failure)
    assert item.error.count(str(path)) == 1
    assert "\n" not in item.error
    return item.error


def place(sample: Sample) -> tuple[float, float]:
    """Return q of the brightest pixel."""
    arrays = sample.arrays["saxs"]
    at = np.unravel_index(arrays["intensity"].argmax(), arrays["intensity"].shape)
    return float(arrays["qx"][at]), float(arrays["qy"][at])


@pytest.mark.parametrize(
    ("dtype", "most", "suffix"),
    [("uint16", 60_000, ".tif"), ("uint16", 60_000, ".png"), ("int32", 3_000_000, ".tif")],
)
def test_integer_counts_stay_counts(
    tmp_path: Path, spot: Spot, dtype: str, most: int, suffix: str
) -> None:
    """16 and 32 bits come back as they went in, not scaled to 8."""
    counts = spot()
    counts[3, 4] = most
    Image.fromarray(counts.astype(dtype)).save(tmp_path / f"a{suffix}")
    found = one(tmp_path / f"a{suffix}", GIVEN).arrays["saxs"]
    np.testing.assert_array_equal(found["intensity"], counts)
    assert found["mask"].all()


def test_floats_keep_negative_values_and_lose_what_is_not_finite(
    tmp_path: Path, spot: Spot
) -> None:
    """Background taken off leaves negative intensities; NaN and infinity were not measured."""
    counts = spot().astype(np.float32)
    counts[0, :4] = -1.5, -1.0, np.nan, np.inf
    Image.fromarray(counts).save(tmp_path / "a.tif")
    found = one(tmp_path / "a.tif", GIVEN).arrays["saxs"]
    assert found["intensity"][0, :4].tolist() == [-1.5, -1.0, 0, 0]
    assert found["mask"][0, :5].tolist() == [1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("dtype", "marks"),
    [
        ("int32", [-1, -2]),
        ("float32", [-1, -2]),
        ("float32", [2**32 - 1, 2**32 - 2]),
        ("uint16", [65535, 65535]),
    ],
)
def test_marks_of_detectors_are_not_intensities(
    tmp_path: Path, spot: Spot, dtype: str, marks: list[int]
) -> None:
    """Gaps and dead pixels have intensity 0 and mask 0."""
    counts = spot().astype(dtype)
    counts[7, 40:42] = marks
    Image.fromarray(counts).save(tmp_path / "a.tif")
    found = one(tmp_path / "a.tif", GIVEN).arrays["saxs"]
    assert found["mask"].sum() == counts.size - 2
    assert found["intensity"].max() == 1000
    assert (found["intensity"][7, 40:42] == 0).all()


def test_every_page_of_a_tiff_is_a_frame(tmp_path: Path, spot: Spot) -> None:
    """Samples are numbered; one that cannot be used does not stop the others."""
    pages = [Image.fromarray(spot(qx).astype(np.int32)) for qx in (0.2, 0.3)]
    pages.insert(1, Image.fromarray(np.full((100, 100), -1, np.int32)))
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    first, second, third = read_frames(tmp_path / "a.tif", GIVEN)
    assert (first.id, third.id, third.ordinal) == ("a-1", "a-3", 2)
    assert isinstance(second, Failure)
    assert "no pixel measured" in second.error


def test_without_q_the_maps_are_zero_and_a_notice_says_so(tmp_path: Path, spot: Spot) -> None:
    """The graph then lays the pixels on its grid as they are."""
    Image.fromarray(spot().astype(np.uint16)).save(tmp_path / "a.tif")
    sample = one(tmp_path / "a.tif", {"saxs_azimuth": 30.0})
    assert not sample.arrays["saxs"]["qx"].any()
    assert not sample.arrays["saxs"]["qy"].any()
    assert any("q is not known" in text for text in sample.notices)
    assert any("not turned" in text for text in sample.notices)


def test_a_colour_picture_gives_its_luminance_with_a_notice(tmp_path: Path) -> None:
    """False colours are no intensities."""
    pixels = np.zeros((50, 60, 3), np.uint8)
    pixels[10, 20] = 255, 255, 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    sample = one(tmp_path / "a.png")
    assert sample.arrays["saxs"]["intensity"][10, 20] == pytest.approx(226, abs=1)
    assert any("not linear" in text for text in sample.notices)


def test_q_points_right_and_up(tmp_path: Path, spot: Spot) -> None:
    """A spot right of and above the beam has positive qx and qy."""
    Image.fromarray(spot(0.31, 0.11).astype(np.uint16)).save(tmp_path / "a.tif")
    assert place(one(tmp_path / "a.tif", GIVEN)) == pytest.approx((0.31, 0.11), abs=1e-4)


def test_the_azimuth_turns_counterclockwise_after_a_mirror(tmp_path: Path, spot: Spot) -> None:
    """A spot on the right moves upwards by 90 degrees; mirrored before, downwards."""
    Image.fromarray(spot(0.31, 0.11).astype(np.uint16)).save(tmp_path / "a.tif")
    turned = one(tmp_path / "a.tif", {**GIVEN, "saxs_azimuth": 90.0})
    assert place(turned) == pytest.approx((-0.11, 0.31), abs=1e-4)
    mirrored = one(tmp_path / "a.tif", {**GIVEN, "saxs_azimuth": 90.0, "saxs_mirror": True})
    assert place(mirrored) == pytest.approx((-0.11, -0.31), abs=1e-4)


@pytest.mark.parametrize("suffix", [".npy", ".png", ".tif"])
def test_a_drawn_mask_takes_pixels_out(tmp_path: Path, spot: Spot, suffix: str) -> None:
    """What is not zero in it was not measured."""
    mask = np.zeros((100, 100), np.uint8)
    mask[45:55, 45:55] = 1
    path = tmp_path / f"mask{suffix}"
    np.save(path, mask) if suffix == ".npy" else Image.fromarray(mask).save(path)
    Image.fromarray(spot().astype(np.uint16)).save(tmp_path / "a.tif")
    found = one(tmp_path / "a.tif", {**GIVEN, "mask": path}).arrays["saxs"]
    np.testing.assert_array_equal(found["mask"], mask == 0)
    assert not found["intensity"][50, 50]


def test_a_mask_of_another_shape_is_refused(tmp_path: Path, spot: Spot) -> None:
    """The line names both shapes; a mask that is none is the options' fault."""
    np.save(tmp_path / "mask.npy", np.zeros((90, 100)))
    Image.fromarray(spot().astype(np.uint16)).save(tmp_path / "a.tif")
    assert "90 x 100" in refused(tmp_path / "a.tif", {"mask": tmp_path / "mask.npy"})
    (tmp_path / "mask.npy").write_bytes(b"none")
    with pytest.raises(UsageError, match="--mask"):
        list(read_frames(tmp_path / "a.tif", {"mask": tmp_path / "mask.npy"}))


def test_mostly_negative_intensities_are_read_with_a_notice(tmp_path: Path) -> None:
    """Too much background may be off, but the frame is used as it is."""
    counts = np.random.default_rng(0).normal(-1, 1, (100, 100)).astype(np.float32)
    Image.fromarray(counts).save(tmp_path / "a.tif")
    sample = one(tmp_path / "a.tif", GIVEN)
    np.testing.assert_array_equal(sample.arrays["saxs"]["intensity"], counts)
    assert any("negative" in text for text in sample.notices)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"distance_mm": 1570.796 * 500}, r"q covers .*, 0\.05\.\.0\.785 expected"),
        ({"distance_mm": 1570.796 / 500, "centre": "-40,50"}, r"q covers .*0\.785 expected"),
        ({"distance_mm": 1570.796 * 15}, r"between 0\.1 and 0\.3"),
        ({"centre": "-14,50"}, r"2 of 12 directions"),
    ],
)
def test_q_that_does_not_meet_the_models_is_refused(
    tmp_path: Path, spot: Spot, change: dict[str, Any], why: str
) -> None:
    """The line says what is covered and what is expected."""
    Image.fromarray(spot().astype(np.uint16)).save(tmp_path / "a.tif")
    assert re.search(why, refused(tmp_path / "a.tif", {**GIVEN, **change}))


@pytest.mark.parametrize(
    ("pixels", "why"),
    [
        (np.zeros((100, 100), np.uint16), "zero intensity"),
        (np.full((100, 100), -1, np.int32), "no pixel measured"),
        (np.ones((100, 7), np.uint16), "8 x 8 or more"),
        (np.ones((100, 101), np.uint16), "--max-pixels"),
    ],
)
def test_frames_that_no_model_can_take_are_refused(
    tmp_path: Path, pixels: NDArray[Any], why: str
) -> None:
    """Empty, masked, tiny and huge ones."""
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    assert why in refused(tmp_path / "a.tif", {"max_pixels": 10_000})


@pytest.mark.parametrize("suffix", FRAME_SUFFIXES)
def test_damaged_files_are_one_failure(tmp_path: Path, suffix: str) -> None:
    """Noise, nothing and what is not there: one line each, in every format."""
    noise = np.random.default_rng(1).bytes(5000)
    for content in (noise, b"", b"{\n", b"II*\0\x08\0\0\0\xff\xff" + noise):
        (tmp_path / f"a{suffix}").write_bytes(content)
        refused(tmp_path / f"a{suffix}")
    refused(tmp_path / f"absent{suffix}")


@pytest.mark.parametrize("compression", [None, "tiff_deflate"])
def test_a_tiff_cut_short_is_refused(tmp_path: Path, spot: Spot, compression: str | None) -> None:
    """Not read as zeros."""
    noisy = np.random.default_rng(2).poisson(spot()).astype(np.int32)
    Image.fromarray(noisy).save(tmp_path / "a.tif", compression=compression)
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: len(content) // 2])
    assert "damaged" in refused(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"geometry": "gisaxs"}, "transmission"),
        ({"distance_mm": 1000.0}, "--wavelength-nm"),
        ({**GIVEN, "centre": "middle"}, "--centre"),
        ({**GIVEN, "wavelength_nm": -1.0}, "above zero"),
        ({**GIVEN, "poni": "a.poni"}, "--poni alone"),
        ({"max_pixels": 0}, "--max-pixels"),
    ],
)
def test_options_that_cannot_mean_anything_are_wrong_usage(
    tmp_path: Path, spot: Spot, options: dict[str, Any], why: str
) -> None:
    """They would fail every file, so that the run ends."""
    Image.fromarray(spot().astype(np.uint16)).save(tmp_path / "a.tif")
    with pytest.raises(UsageError, match=why):
        list(read_frames(tmp_path / "a.tif", options))
