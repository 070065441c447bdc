"""Micrographs: sizes of pixels from headers, the info bar off, what is too small refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, TiffImagePlugin

from xmodkit.errors import UsageError
from xmodkit.pair import Failure, Sample
from xmodkit_saxs_sem.modalities import SEM
from xmodkit_saxs_sem.reading.info_bar import image_rows
from xmodkit_saxs_sem.reading.micrographs import read_micrographs

FEI = (
    "[User]\r\nDate=01/02/2024\r\n[Scan]\r\nPixelWidth=1.5e-009\r\nHorFieldsize=6e-7\r\n"
    "[Image]\r\nResolutionX=400\r\nResolutionY=300\r\n[PrivateFei]\r\nDatabarHeight=40\r\n"
)
ZEISS = (
    "0\r\n1.8e-9\r\nAP_PIXEL_SIZE\r\nPixel Size = 3.6 nm\r\n"
    "AP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 1.8 nm\r\n"
)


def lines(height: int = 300, width: int = 400, noise: float = 12) -> NDArray[np.uint8]:
    """Return stripes as a microscope sees them."""
    x = np.arange(width)
    grey = 120 + 60 * np.sign(np.sin(2 * np.pi * x / 24))[None] + np.zeros((height, 1))
    noisy = grey + np.random.default_rng(0).normal(0, noise, grey.shape)
    return noisy.clip(0, 255).astype(np.uint8)


def with_bar(grey: NDArray[np.uint8], rows: int, level: int = 0) -> NDArray[np.uint8]:
    """Return an image with a bar of text and a scale below it."""
    bar = Image.new("L", (grey.shape[1], rows), level)
    draw = ImageDraw.Draw(bar)
    ink = 255 if level < 128 else 0
    draw.text((8, rows // 4), "15.00 kV  WD 4.1 mm  x100 000", fill=ink)
    draw.rectangle((250, rows // 2, 350, rows // 2 + 2), fill=ink)
    return np.vstack([grey, np.asarray(bar)])


def tagged(path: Path, grey: NDArray[Any], tags: dict[int, str]) -> Path:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, text in tags.items():
        info[tag] = text
        info.tagtype[tag] = 2
    Image.fromarray(grey).save(path, tiffinfo=info)
    return path


def one(path: Path, options: dict[str, Any] | None = None) -> Sample:
    (item,) = read_micrographs(path, options or {})
    assert isinstance(item, Sample), item
    SEM.check(item.arrays["sem"])
    return item


def refused(path: Path, options: dict[str, Any] | None = None) -> str:
    (item,) = read_micrographs(path, options or {})
    assert isinstance(item, Failure)
    assert str(path) in item.error
    return item.error


def test_fei_says_the_size_of_a_pixel_and_where_the_bar_begins(tmp_path: Path) -> None:
    """Nothing is guessed, so nothing is noticed."""
    path = tagged(tmp_path / "a.tif", with_bar(lines(), 40), {34682: FEI})
    sample = one(path)
    np.testing.assert_array_equal(sample.arrays["sem"]["micrograph"], lines())
    assert sample.arrays["sem"]["pixel_nm"] == pytest.approx(1.5)
    assert sample.notices == ()


def test_fei_without_a_size_has_the_field_by_the_columns(tmp_path: Path) -> None:
    """And a bar by its height."""
    text = FEI.replace("PixelWidth=1.5e-009\r\n", "").replace("ResolutionY=300\r\n", "")
    sample = one(tagged(tmp_path / "a.tif", with_bar(lines(), 40), {34682: text}))
    assert sample.arrays["sem"]["pixel_nm"] == pytest.approx(1.5)
    assert sample.arrays["sem"]["micrograph"].shape == (300, 400)


def test_zeiss_says_the_size_of_a_stored_pixel(tmp_path: Path) -> None:
    """Not that of the scan, if both are there."""
    path = tagged(tmp_path / "a.tif", lines(), {34118: ZEISS})
    assert one(path).arrays["sem"]["pixel_nm"] == pytest.approx(1.8)
    tifffile = pytest.importorskip("tifffile")
    micrometres = ZEISS.replace("1.8 nm", "0.0017 µm").encode("latin-1")
    tags = [(34118, "s", 0, micrometres, True)]
    tifffile.imwrite(tmp_path / "b.tif", lines(), extratags=tags)
    assert one(tmp_path / "b.tif").arrays["sem"]["pixel_nm"] == pytest.approx(1.7)


@pytest.mark.parametrize(("unit", "per_unit"), [("nm", 0.5), ("um", 500.0), ("\\u00B5m", 500.0)])
def test_imagej_says_pixels_per_unit(tmp_path: Path, unit: str, per_unit: float) -> None:
    """In a physical unit."""
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(
        tmp_path / "a.tif",
        lines(),
        imagej=True,
        resolution=(per_unit,) * 2,
        metadata={"unit": unit},
    )
    sample = one(tmp_path / "a.tif")
    assert sample.arrays["sem"]["pixel_nm"] == pytest.approx(2.0)
    assert sample.metadata["pixel_from"] == "header"


def test_dots_per_inch_are_no_size(tmp_path: Path) -> None:
    """2 nm are taken, with a notice; the option decides."""
    Image.fromarray(lines()).save(tmp_path / "a.tif", dpi=(72, 72))
    sample = one(tmp_path / "a.tif")
    assert sample.arrays["sem"]["pixel_nm"] == 2.0
    assert any("--sem-pixel-nm" in text for text in sample.notices)
    sample = one(tmp_path / "a.tif", {"sem_pixel_nm": 1.75})
    assert sample.arrays["sem"]["pixel_nm"] == 1.75
    assert not sample.notices


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_16_bits_become_8(tmp_path: Path, suffix: str) -> None:
    """Divided by 257, with a notice; one of few levels has another."""
    Image.fromarray(lines().astype(np.uint16) * 257).save(tmp_path / f"a{suffix}")
    sample = one(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(sample.arrays["sem"]["micrograph"], lines())
    assert any("257" in text for text in sample.notices)
    Image.fromarray(lines().astype(np.uint16) * 10).save(tmp_path / f"a{suffix}")
    assert any("grey levels" in text for text in one(tmp_path / f"a{suffix}").notices)


def test_colours_give_their_luminance(tmp_path: Path) -> None:
    """As where a scale was drawn in red."""
    pixels = np.repeat(lines()[..., None], 3, axis=2)
    pixels[:5, :5] = 255, 0, 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    sample = one(tmp_path / "a.png")
    assert sample.arrays["sem"]["micrograph"][0, 0] == 76
    assert any("luminance" in text for text in sample.notices)


@pytest.mark.parametrize("rows", [18, 40, 70])
@pytest.mark.parametrize("level", [0, 30, 255])
def test_a_bar_is_found_where_no_header_speaks_of_it(tmp_path: Path, rows: int, level: int) -> None:
    """Below noisy lines, whatever its ground; the notice says how many rows went."""
    Image.fromarray(with_bar(lines(), rows, level)).save(tmp_path / "a.png")
    sample = one(tmp_path / "a.png")
    np.testing.assert_array_equal(sample.arrays["sem"]["micrograph"], lines())
    assert any(f"lowest {rows} rows" in text for text in sample.notices)


@pytest.mark.parametrize(
    "grey",
    [
        lines(),
        lines(noise=3).T.copy(),  # the lowest stripe lies along the edge
        np.random.default_rng(1).integers(0, 256, (300, 400)).astype(np.uint8),
        np.where(lines(noise=0) > 120, 255, 0).astype(np.uint8).T.copy(),
        np.zeros((300, 400), np.uint8),
    ],
    ids=["lines", "flat lines", "noise", "binary", "black"],
)
def test_images_without_a_bar_stay_whole(grey: NDArray[np.uint8]) -> None:
    """Nothing is cut that is not a bar."""
    assert image_rows(grey) == len(grey)


def test_the_option_decides_about_the_bar(tmp_path: Path) -> None:
    """Rows to cut, none, or auto."""
    Image.fromarray(with_bar(lines(), 40)).save(tmp_path / "a.png")
    heights = [
        one(tmp_path / "a.png", {"info_bar": given}).arrays["sem"]["micrograph"].shape[0]
        for given in ("none", "auto", "100")
    ]
    assert heights == [340, 300, 240]
    assert "leaves none" in refused(tmp_path / "a.png", {"info_bar": "340"})
    for options in ({"info_bar": "some"}, {"sem_pixel_nm": 0.0}, {"max_pixels": -1}):
        with pytest.raises(UsageError):
            list(read_micrographs(tmp_path / "a.png", options))


def test_a_field_of_view_under_the_models_is_refused(tmp_path: Path) -> None:
    """The line says how large it is."""
    Image.fromarray(lines(150, 400)).save(tmp_path / "a.png")
    assert "800 x 300 nm given" in refused(tmp_path / "a.png")
    assert one(tmp_path / "a.png", {"sem_pixel_nm": 3.0}).id == "a"


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg", ".dm3"])
def test_damaged_micrographs_are_one_failure(tmp_path: Path, suffix: str) -> None:
    """Named on one line."""
    for content in (b"", b"nothing", b"II*\0\x08\0\0\0\xff\xff" + bytes(100)):
        (tmp_path / f"a{suffix}").write_bytes(content)
        refused(tmp_path / f"a{suffix}")


def test_a_header_that_lies_is_no_harm(tmp_path: Path) -> None:
    """Sizes below zero or of no unit are left out."""
    text = "PixelWidth=-1\r\nResolutionY=90000\r\nDatabarHeight=-5\r\n"
    sample = one(tagged(tmp_path / "a.tif", lines(), {34682: text}))
    assert sample.metadata["pixel_from"] == "default"
    assert sample.arrays["sem"]["micrograph"].shape == (300, 400)
