"""16-bit images are divided by 257, whatever the format, filter, layout and byte order."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from xmodkit.errors import InputError
from xmodkit.images import read_image

RNG = np.random.default_rng(7)
COLOUR = RNG.integers(0, 256, (23, 31, 3), dtype=np.uint8)
# Values where cutting, clipping and dividing by 256 all differ from dividing by 257.
DEEP = np.array([0, 127, 128, 129, 255, 256, 257, 32767, 32768, 65406, 65407, 65535], np.uint16)
DEEP_COLOUR = RNG.integers(0, 65536, (23, 31, 3), dtype=np.uint16)


def by_257(deep: np.ndarray) -> np.ndarray:
    return np.rint(deep / 257).astype(np.uint8)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def filtered(rows: np.ndarray, step: int) -> bytes:
    """Filter rows of bytes with PNG's five filters in turn."""
    out, above = b"", np.zeros(rows.shape[1], int)
    for number, row in enumerate(rows.astype(int)):
        left, corner = (np.concatenate([np.zeros(step, int), r])[: row.size] for r in (row, above))
        estimate = left + above - corner
        near = np.abs(np.stack([estimate - left, estimate - above, estimate - corner]))
        paeth = np.choose(near.argmin(0), [left, above, corner])
        kind = number % 5
        minus = [0 * row, left, above, (left + above) // 2, paeth][kind]
        out += bytes([kind]) + ((row - minus) % 256).astype(np.uint8).tobytes()
        above = row
    return out


def write_png(path: Path, pixels: np.ndarray, *, interlaced: bool = False, extra=b"") -> Path:
    """Write 16-bit pixels (y, x) or (y, x, channel), which Pillow cannot."""
    deep = pixels.reshape(*pixels.shape[:2], -1)
    height, width, channels = deep.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    starts = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    passes = [*starts, (1, 0, 2, 1)] if interlaced else [(0, 0, 1, 1)]
    data = b""
    for y, x, dy, dx in passes:
        part = deep[y::dy, x::dx].astype(">u2")
        if part.size:
            rows = np.frombuffer(part.tobytes(), np.uint8).reshape(part.shape[0], -1)
            data += filtered(rows, 2 * channels)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, int(interlaced))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_grey_is_divided_by_257(tmp_path, name):
    path = tmp_path / name
    Image.fromarray(DEEP.reshape(3, 4)).save(path)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels[..., 0], by_257(DEEP.reshape(3, 4)))
    assert image.pixels.max() == 255
    assert image.notices[0] == "16-bit values divided by 257"


@settings(max_examples=40, deadline=None)
@given(
    deep=hnp.arrays(
        np.uint16,
        st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)),
        elements=st.one_of(st.integers(0, 65535), st.sampled_from(DEEP.tolist())),
    ),
    interlaced=st.booleans(),
)
def test_16_bit_colour_png_is_divided_by_257(tmp_path_factory, deep, interlaced):
    path = tmp_path_factory.mktemp("deep") / "a.png"
    image = read_image(write_png(path, deep, interlaced=interlaced))
    np.testing.assert_array_equal(image.pixels, by_257(deep))


def test_16_bit_png_with_alpha_is_laid_on_white(tmp_path):
    opaque = np.dstack([DEEP_COLOUR, np.full((23, 31), 65535, np.uint16)])
    opaque[0, 0] = (1, 2, 3, 0)
    image = read_image(write_png(tmp_path / "a.png", opaque))
    assert image.pixels[0, 0].tolist() == [255, 255, 255]
    np.testing.assert_array_equal(image.pixels[1:], by_257(DEEP_COLOUR[1:]))


def test_16_bit_grey_png_with_alpha_is_laid_on_white(tmp_path):
    grey = np.dstack([DEEP_COLOUR[..., 0], np.full((23, 31), 65535, np.uint16)])
    grey[0, 0, 1] = 0
    image = read_image(write_png(tmp_path / "a.png", grey))
    assert image.pixels[0, 0].tolist() == [255, 255, 255]
    np.testing.assert_array_equal(image.pixels[1:, :, 2], by_257(DEEP_COLOUR[1:, :, 0]))


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize(
    "layout", [{}, {"rowsperstrip": 5}, {"tile": (16, 16)}, {"compression": "zlib"}]
)
def test_16_bit_colour_tiff_is_divided_by_257(tmp_path, byteorder, layout):
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, DEEP_COLOUR, photometric="rgb", byteorder=byteorder, **layout)
    np.testing.assert_array_equal(read_image(path).pixels, by_257(DEEP_COLOUR))


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_16_bit_grey_tiff_is_read_in_either_byte_order(tmp_path, byteorder, compression):
    tifffile = pytest.importorskip("tifffile")
    path, grey = tmp_path / "a.tif", DEEP_COLOUR[..., 0]
    tifffile.imwrite(
        path, grey, photometric="minisblack", byteorder=byteorder, compression=compression
    )
    np.testing.assert_array_equal(read_image(path).pixels[..., 0], by_257(grey))


def test_16_bit_grey_whose_zero_is_white_is_inverted(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    path, grey = tmp_path / "a.tif", DEEP_COLOUR[..., 0]
    tifffile.imwrite(path, grey, photometric="miniswhite", byteorder="<")
    np.testing.assert_array_equal(read_image(path).pixels[..., 0], by_257(65535 - grey))


def test_16_bit_planes_stored_apart_are_refused(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "a.tif"
    planes = np.moveaxis(DEEP_COLOUR, -1, 0)
    tifffile.imwrite(path, planes, photometric="rgb", planarconfig="separate", compression="zlib")
    with pytest.raises(InputError, match="export it interleaved"):
        read_image(path)


def test_8_bit_planes_stored_apart_are_read(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    for compression in (None, "zlib"):
        path = tmp_path / f"{compression}.tif"
        planes = np.moveaxis(COLOUR, -1, 0)
        tifffile.imwrite(
            path, planes, photometric="rgb", planarconfig="separate", compression=compression
        )
        np.testing.assert_array_equal(read_image(path).pixels, COLOUR)
