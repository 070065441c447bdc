"""Images come out as 8-bit RGB, each conversion named; what cannot be read is refused."""

import io
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw, features

from xmodkit.errors import InputError
from xmodkit.images import ImageFile, read_image

RNG = np.random.default_rng(7)
COLOUR = RNG.integers(0, 256, (23, 31, 3), dtype=np.uint8)


def saved(path: Path, image: Image.Image, **options) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.TIFF", "a.bmp"])
def test_plain_colour_is_read_unchanged_and_without_a_notice(tmp_path, name):
    image = read_image(saved(tmp_path / name, Image.fromarray(COLOUR)))
    assert image.notices == ()
    np.testing.assert_array_equal(image.pixels, COLOUR)
    assert image.pixels.dtype == np.uint8
    assert image.pixels.flags.c_contiguous


def test_a_jpeg_is_read_as_pillow_reads_it(tmp_path):
    path = saved(tmp_path / "a.jpg", Image.fromarray(COLOUR), quality=90)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, np.asarray(Image.open(path)))
    assert (image.format, image.notices) == ("JPEG", ())


def test_a_stream_is_read_like_a_file():
    stream = io.BytesIO()
    Image.fromarray(COLOUR).save(stream, "PNG")
    np.testing.assert_array_equal(read_image(stream).pixels, COLOUR)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate"])
def test_compressed_tiff_is_read_exactly(tmp_path, compression):
    path = saved(tmp_path / "a.tif", Image.fromarray(COLOUR), compression=compression)
    np.testing.assert_array_equal(read_image(path).pixels, COLOUR)


def test_grey_is_repeated_with_a_notice(tmp_path):
    image = read_image(saved(tmp_path / "a.png", Image.fromarray(COLOUR[..., 0])))
    np.testing.assert_array_equal(image.pixels, np.repeat(COLOUR[..., :1], 3, axis=2))
    assert image.notices == ("grey repeated in red, green and blue",)


def test_black_and_white_becomes_0_and_255(tmp_path):
    image = read_image(saved(tmp_path / "a.png", Image.fromarray(COLOUR[..., 0] > 99)))
    np.testing.assert_array_equal(image.pixels[..., 1], (COLOUR[..., 0] > 99) * np.uint8(255))


def test_a_palette_is_converted_with_a_notice(tmp_path):
    palette = Image.fromarray(COLOUR).quantize(17)
    image = read_image(saved(tmp_path / "a.png", palette))
    np.testing.assert_array_equal(image.pixels, np.asarray(palette.convert("RGB")))
    assert image.notices == ("palette converted to RGB",)


def test_cmyk_is_converted_with_a_notice(tmp_path):
    cmyk = Image.new("CMYK", (5, 4), (0, 255, 255, 0))
    image = read_image(saved(tmp_path / "a.tif", cmyk))
    assert image.pixels[2, 2].tolist() == [255, 0, 0]
    assert image.notices == ("CMYK converted to RGB",)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_alpha_is_laid_on_white(tmp_path, name):
    rgba = np.zeros((2, 3, 4), np.uint8)
    rgba[0] = (200, 100, 0, 255)
    rgba[1, 0] = (200, 100, 0, 128)
    image = read_image(saved(tmp_path / name, Image.fromarray(rgba)))
    assert image.pixels[0, 1].tolist() == [200, 100, 0]
    assert np.abs(image.pixels[1, 0].astype(int) - [227, 177, 127]).max() <= 1
    assert image.pixels[1, 2].tolist() == [255, 255, 255]
    assert image.notices == ("alpha laid on white",)


def test_a_transparent_palette_colour_becomes_white(tmp_path):
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    palette.putpixel((0, 0), 0)
    image = read_image(saved(tmp_path / "a.png", palette, transparency=0))
    assert image.pixels[0, 0].tolist() == [255, 255, 255]
    assert image.pixels[1, 1].tolist() == [10, 20, 30]
    assert image.notices == ("palette converted to RGB", "alpha laid on white")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(tmp_path, name, orientation):
    drawn = Image.new("RGB", (64, 32), "white")
    ImageDraw.Draw(drawn).rectangle((0, 0, 31, 15), "red")  # top left as the sensor saw it
    exif = Image.Exif()
    exif[274] = orientation
    image = read_image(saved(tmp_path / name, drawn, exif=exif, dpi=(300, 150)))
    upright = {
        1: drawn.copy,
        2: lambda: drawn.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda: drawn.rotate(180),
        4: lambda: drawn.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda: drawn.transpose(Image.Transpose.TRANSPOSE),
        6: lambda: drawn.rotate(-90, expand=True),
        7: lambda: drawn.transpose(Image.Transpose.TRANSVERSE),
        8: lambda: drawn.rotate(90, expand=True),
    }[orientation]()
    expected = np.asarray(upright, int)
    assert image.pixels.shape == expected.shape
    assert np.abs(image.pixels - expected).mean() < 4
    assert image.notices == (("turned by its EXIF orientation",) if orientation > 1 else ())
    assert image.dpi == pytest.approx((150, 300) if orientation > 4 else (300, 150), abs=0.1)


def test_the_first_page_is_read_with_a_notice(tmp_path):
    pages = [Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)]
    path = saved(tmp_path / "a.tif", pages[0], save_all=True, append_images=pages[1:])
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, COLOUR)
    assert image.notices == ("first of several pages read",)


def test_dpi_is_none_where_the_file_does_not_say(tmp_path):
    assert read_image(saved(tmp_path / "a.png", Image.fromarray(COLOUR))).dpi is None
    stated = saved(tmp_path / "b.png", Image.fromarray(COLOUR), dpi=(1200, 1200))
    assert read_image(stated).dpi == pytest.approx((1200, 1200), abs=0.1)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_32_bit_pixels_are_refused(tmp_path, mode):
    path = saved(tmp_path / "a.tif", Image.new(mode, (4, 4), 9))
    with pytest.raises(InputError, match="8 or 16 bit unsigned expected"):
        read_image(path)


# Colour profiles

needs_cms = pytest.mark.skipif(not features.check("littlecms2"), reason="no LittleCMS in Pillow")


@needs_cms
def test_an_srgb_profile_changes_nothing_and_leaves_no_notice(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved(tmp_path / "a.png", Image.fromarray(COLOUR), icc_profile=profile)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, COLOUR)
    assert image.notices == ()


def linear_profile() -> bytes:
    """Return an sRGB profile whose three tone curves are straight lines."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for entry in range(int.from_bytes(data[128:132], "big")):
        name, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * entry)
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            data[offset : offset + size] = (b"curv" + bytes(8)).ljust(size, b"\0")
    return bytes(data)


@needs_cms
def test_a_linear_profile_is_converted_to_srgb_with_a_notice(tmp_path):
    path = saved(
        tmp_path / "a.png", Image.new("RGB", (4, 4), (55, 55, 55)), icc_profile=linear_profile()
    )
    image = read_image(path)
    # IEC 61966-2-1: a linear 0.2157 is 1.055 * 0.2157 ** (1 / 2.4) - 0.055 = 0.5018
    assert np.abs(image.pixels.astype(int) - 128).max() <= 1
    assert len(image.notices) == 1
    assert "converted to sRGB" in image.notices[0]


@needs_cms
@pytest.mark.parametrize("profile", [b"no profile at all", linear_profile()])
def test_a_profile_that_does_not_fit_is_ignored_with_a_notice(tmp_path, profile):
    path = saved(tmp_path / "a.png", Image.fromarray(COLOUR[..., 0]), icc_profile=profile)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels[..., 0], COLOUR[..., 0])
    assert image.notices[0].startswith("ICC profile ignored")


# Refused


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"gone\.png: there is no such file"):
        read_image(tmp_path / "gone.png")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be opened"):
        read_image(tmp_path)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(InputError, match="empty"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("text", ["wavelength,absorbance\n", "BMW has scanned this"])
def test_text_named_as_an_image_is_refused(tmp_path, text):
    (tmp_path / "a.bmp").write_text(text)
    with pytest.raises(InputError, match=r"a\.bmp: "):
        read_image(tmp_path / "a.bmp")


def test_another_format_than_the_name_says_is_refused_with_the_right_name(tmp_path):
    path = saved(tmp_path / "drop.png", Image.fromarray(COLOUR), format="JPEG")
    with pytest.raises(InputError, match=r"holds JPEG; rename it to drop\.jpg"):
        read_image(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_refused_on_one_line(tmp_path, name, share):
    path = saved(tmp_path / name, Image.fromarray(COLOUR))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError, match=name) as refusal:
        read_image(path)
    assert "\n" not in str(refusal.value)


@settings(max_examples=150, deadline=None)
@given(
    format_=st.sampled_from(["PNG", "JPEG", "TIFF", "BMP"]),
    places=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_damaged_file_gives_an_image_or_an_input_error(format_, places):
    stream = io.BytesIO()
    Image.fromarray(COLOUR[:8, :8]).save(stream, format_)
    damaged = bytearray(stream.getvalue())
    for share, byte in places:
        damaged[int(share * len(damaged))] = byte
    with suppress(InputError):
        assert read_image(io.BytesIO(bytes(damaged)), max_pixels=10_000).pixels.shape[2] == 3


def test_an_image_beyond_max_pixels_is_refused_before_it_is_decoded(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(COLOUR))
    with pytest.raises(InputError, match="at most 712"):
        read_image(path, max_pixels=712)
    assert read_image(path, max_pixels=713).pixels.shape == (23, 31, 3)
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", 60000, 60000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"3,600,000,000 pixels .* --max-pixels"):
        read_image(path)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp"])
def test_a_large_scan_is_read_in_threads_without_a_warning(tmp_path, monkeypatch, name):
    path = saved(tmp_path / name, Image.fromarray(COLOUR))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)  # as if the scan were above Pillow's limit
    with warnings.catch_warnings(record=True) as caught, ThreadPoolExecutor(4) as pool:
        warnings.simplefilter("always")
        images = list(pool.map(read_image, [path] * 8))
    assert all(np.array_equal(image.pixels, COLOUR) for image in images)
    assert caught == []


def test_damaged_metadata_prints_nothing(tmp_path):
    exif = Image.Exif()
    exif[305] = "a name longer than four bytes"
    cut = exif.tobytes()[:-20]
    path = saved(tmp_path / "a.jpg", Image.fromarray(COLOUR), exif=cut)
    with pytest.warns(UserWarning, match="Truncated File Read"), Image.open(path) as image:
        image.getexif()
    script = (
        "import pathlib, sys; from xmodkit.images import read_image;"
        "print(read_image(pathlib.Path(sys.argv[1])).pixels.shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert (done.stdout.strip(), done.stderr) == ("(23, 31, 3)", "")


def test_an_image_file_is_a_value_that_cannot_be_changed(tmp_path):
    image = read_image(saved(tmp_path / "a.png", Image.fromarray(COLOUR)))
    assert isinstance(image, ImageFile)
    with pytest.raises(AttributeError):
        image.format = "JPEG"  # type: ignore[misc]
    assert not image.pixels.flags.writeable
