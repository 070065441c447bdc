"""The in-graph resize gives Pillow's own pixels, in torch and in onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

pytest.importorskip("PIL", minversion="13.0", reason="older versions never take the height first")
torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
ort = pytest.importorskip("onnxruntime")

from xmodkit.errors import UsageError  # noqa: E402
from xmodkit.modality import Axis, Field  # noqa: E402
from xmodkit.train.resize import LanczosResize  # noqa: E402
from xmodkit_exporters.onnx import to_onnx  # noqa: E402

SIZE = 64
SIZES = [
    (1, 1),
    (1, 2),
    (1, 300),
    (300, 1),
    (2, 2),
    (3, 200),
    (25, 25),
    (32, 32),
    (63, 65),
    (64, 64),
    (64, 101),
    (101, 64),
    (65, 63),
    (200, 131),
    (200, 132),
    (97, 105),
    (101, 101),
    (128, 128),
    (192, 256),
    (480, 640),
    (640, 300),
    (1024, 1280),
]


def noise(height: int, width: int, samples: int = 1, seed: int = 0) -> np.ndarray:
    shape = (samples, height, width, 3)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def waves(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Return a smooth image: its sums lie on ties where the scale is a whole number."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / np.array([[[height]], [[width]]])
    fy, fx, phase = random.uniform(1, 12, (3, 3, 1, 1))
    levels = 127.5 + 127 * np.sin(fy * y + fx * x + phase)
    return levels.transpose(1, 2, 0).astype(np.uint8)[None]


def checkerboard(height: int, width: int) -> np.ndarray:
    """Every sum of an even number of pixels lies on a tie."""
    black_white = 255 * (np.indices((height, width)).sum(0) % 2)
    return np.repeat(black_white[None, ..., None], 3, axis=-1).astype(np.uint8)


def with_pillow(images: np.ndarray) -> np.ndarray:
    resized = [
        np.asarray(Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.LANCZOS))
        for image in images
    ]
    return np.stack(resized).transpose(0, 3, 1, 2)


@pytest.fixture(scope="module")
def session():
    """Export the module from a square example: height and width could be confused."""
    image = Field("image", (Axis("y"), Axis("x"), Axis("channel", 3)), "uint8")
    data = to_onnx(LanczosResize(SIZE), [image], ["levels"], {"image": noise(40, 40)})
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def both(session, images: np.ndarray) -> list[np.ndarray]:
    return [
        LanczosResize(SIZE)(torch.tensor(images)).numpy(),
        session.run(None, {"image": images})[0],
    ]


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("make", [noise, waves, checkerboard])
def test_every_pixel_is_pillows(session, make, height, width):
    images = make(height, width)
    expected = with_pillow(images)
    for levels in both(session, images):
        assert levels.dtype == np.float32
        np.testing.assert_array_equal(levels, expected)


@settings(max_examples=100, deadline=None)
@given(height=st.integers(1, 260), width=st.integers(1, 260), seed=st.integers(0, 99))
def test_any_size_gives_pillows_pixels(session, height, width, seed):
    for images in (noise(height, width, 2, seed), waves(height, width, seed)):
        for levels in both(session, images):
            np.testing.assert_array_equal(levels, with_pillow(images))


@pytest.mark.slow
@pytest.mark.parametrize("make", [noise, waves])
@pytest.mark.parametrize(("height", "width"), [(3000, 4800), (4800, 3000), (1, 9001)])
def test_a_large_image_gives_pillows_pixels(session, make, height, width):
    images = make(height, width)
    for levels in both(session, images):
        np.testing.assert_array_equal(levels, with_pillow(images))


def test_an_image_of_the_output_size_is_unchanged(session):
    images = noise(SIZE, SIZE)
    for levels in both(session, images):
        np.testing.assert_array_equal(levels.transpose(0, 2, 3, 1), images)


@pytest.mark.parametrize("samples", [1, 2, 17])
def test_a_batch_equals_its_images_one_by_one(session, samples):
    images = noise(33, 70, samples)
    for levels in both(session, images):
        np.testing.assert_array_equal(levels, with_pillow(images))


def test_a_flat_image_keeps_its_level(session):
    for level in (0, 1, 127, 254, 255):
        images = np.full((1, 101, 97, 3), level, np.uint8)
        for levels in both(session, images):
            np.testing.assert_array_equal(levels, level)


def test_overshoot_at_an_edge_is_clipped_to_levels(session):
    images = np.zeros((1, 30, 30, 3), np.uint8)
    images[:, :, 15:] = 255
    for levels in both(session, images):
        assert (levels.min(), levels.max()) == (0, 255)
        np.testing.assert_array_equal(levels, with_pillow(images))


def test_a_tall_image_passes_along_its_height_first_as_in_pillow(session):
    """The passes do not commute: after the first, values beyond 0..255 are lost."""
    images = noise(200, 20)
    resize = LanczosResize(SIZE)
    x = torch.tensor(images).permute(0, 3, 1, 2)
    across_first = resize._across_first(x).numpy()
    assert (across_first != with_pillow(images)).mean() > 0.1
    for levels in both(session, images):
        np.testing.assert_array_equal(levels, with_pillow(images))


def test_casting_a_model_to_single_precision_does_not_change_the_resize():
    images = waves(192, 256)
    levels = torch.nn.Sequential(LanczosResize(SIZE)).float()(torch.tensor(images))
    np.testing.assert_array_equal(levels.numpy(), with_pillow(images))


@pytest.mark.parametrize("size", [0, -4, 63])
def test_a_size_that_cannot_be_cut_into_bands_is_refused(size):
    with pytest.raises(UsageError, match="multiple of 4 expected"):
        LanczosResize(size)
