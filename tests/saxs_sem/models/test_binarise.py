"""Adaptive threshold and majority filter, as published, in whole numbers."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
ndimage = pytest.importorskip("scipy.ndimage")

from xmodkit_saxs_sem.models.binarise import Binarise, binary_field  # noqa: E402
from xmodkit_saxs_sem.models.tiles import MARGIN, Tiles  # noqa: E402

_SMOOTH = np.array([14, 62, 104, 62, 14]) / 256
_VOTES = np.array([18, 63, 94, 63, 18]) / 256


def _micrograph(seed=0, shape=(400, 500)):
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal(shape), 6)
    levels = 128 + 60 * smooth / smooth.std() + 8 * rng.standard_normal(shape)
    return np.clip(levels, 0, 255).astype(np.uint8)


def _both(image, taps):
    down = ndimage.correlate1d(image, taps, 0, mode="nearest")
    return ndimage.correlate1d(down, taps, 1, mode="nearest")


@pytest.mark.parametrize("window", [15, 25])
def test_it_is_the_published_threshold_and_majority(window):
    """Written out with scipy; the two by two majority that follows is left out of the margin."""
    micrograph = _micrograph()
    image = np.floor(_both(micrograph.astype(float), _SMOOTH) + 0.5)
    mean = np.floor(ndimage.uniform_filter(image, window, mode="nearest") + 0.5)
    kept = _both((image > mean - 2).astype(float), _VOTES) >= 0.5
    corner = kept[::2, ::2].astype(float)
    count = corner + kept[1::2, ::2] + kept[::2, 1::2] + kept[1::2, 1::2]
    expected = (count > 2) | ((count == 2) & (corner > 0))
    found = binary_field(micrograph, 2.0, Binarise(window))
    inner = slice(MARGIN, -MARGIN)
    assert (found[inner, inner] != expected[inner, inner]).mean() < 1e-4  # of rounding in scipy


def test_a_tile_is_binarised_as_the_whole_field_is():
    micrograph = _micrograph(shape=(640, 640))
    tile = Tiles()(torch.from_numpy(micrograph)[None], torch.tensor([2.0]))[0]
    found = Binarise()(tile)[0].numpy()
    top = (640 - 192) // 2 // 2
    whole = binary_field(micrograph, 2.0, Binarise())
    np.testing.assert_array_equal(found, whole[top : top + 96, top : top + 96])


def test_brightness_and_a_slow_gradient_hardly_matter():
    micrograph = _micrograph()
    gradient = np.linspace(-20, 20, 500)
    shifted = np.clip(micrograph * 0.8 + 20 + gradient, 0, 255).astype(np.uint8)
    one, other = (binary_field(m, 2.0, Binarise()) for m in (micrograph, shifted))
    assert (one != other).mean() < 0.03


@pytest.mark.parametrize("window", [14, 27, 1])
def test_windows_that_a_tile_cannot_hold_are_refused(window):
    with pytest.raises(ValueError, match="odd number from 3 to 25"):
        Binarise(window)
