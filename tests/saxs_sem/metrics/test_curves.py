"""S(r) and lineal paths are those of porespy and of their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_saxs_sem.metrics import lineal_path, two_point


def _images() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    stripes = np.broadcast_to(np.sin(np.arange(96) * 2 * np.pi / 12 + 0.1) > 0.2, (96, 96))
    blobs = rng.random((96, 96)) < 0.35
    for _ in range(2):
        blobs = blobs | np.roll(blobs, 1, 0) & np.roll(blobs, 1, 1)
    return {"noise": rng.random((96, 96)) < 0.4, "stripes": stripes, "blobs": blobs}


def _autocorrelation(image: np.ndarray) -> np.ndarray:
    """Return the periodic autocorrelation by shifting, its middle at place 48."""
    shifts = range(-48, 48)
    found = [[np.mean(image & np.roll(image, (i, j), (0, 1))) for j in shifts] for i in shifts]
    return np.array(found)


@pytest.mark.parametrize("name", ["stripes", "blobs"])
def test_two_point_averages_the_autocorrelation_over_rings(name: str) -> None:
    image = _images()[name]
    shifted = _autocorrelation(image)
    radius = np.hypot(*(np.indices((96, 96)) - 48))
    expected = [shifted[(radius > k - 1) & (radius <= k)].mean() for k in range(48)]
    np.testing.assert_allclose(two_point(image), expected, atol=1e-6)
    assert two_point(image)[0] == pytest.approx(image.mean())


@pytest.mark.filterwarnings("ignore")
def test_two_point_averages_as_porespy_does_given_the_same_rings() -> None:
    """Version 3 counts rings from k to below k + 1, version 2 from above k - 1 to k."""
    functions = pytest.importorskip("porespy.metrics._funcs")
    image = _images()["noise"]
    spectrum = np.abs(np.fft.fft2(image)) ** 2
    periodic = np.fft.fftshift(np.fft.ifft2(spectrum).real) / image.size
    radius = np.hypot(*(np.indices((96, 96)) - 48))
    edges = np.arange(-1, 48) + 1e-9
    ring_means = functions._get_radial_sum.py_func  # not compiled, which takes long
    found = ring_means(radius, edges, np.diff(edges), periodic)
    np.testing.assert_allclose(two_point(image), found, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_lineal_paths_follow_from_porespys_distances() -> None:
    """A segment of k + 1 pixels ends where the run that leads there has k + 1 pixels or more."""
    filters = pytest.importorskip("porespy.filters")
    for image in _images().values():
        for vertical in (True, False):
            lines = image.T if vertical else image
            # A dark pixel before each line: its first run has a beginning as all others.
            framed = np.pad(lines, ((0, 0), (1, 0)))
            runs = filters.distance_transform_lin(framed, axis=1, mode="forward")[:, 1:]
            expected = [np.sum(runs > k) / (96 * (96 - k)) for k in range(48)]
            np.testing.assert_allclose(lineal_path(image, vertical), expected, atol=1e-6)


def test_lineal_paths_of_stripes_are_full_along_them_and_end_across() -> None:
    stripes = _images()["stripes"]  # of 5 pixels, vertical
    assert np.ptp(lineal_path(stripes, vertical=True)) < 1e-6
    across = lineal_path(stripes, vertical=False)
    assert across[4] > 0
    assert not across[5:].any()


def test_many_images_are_as_one() -> None:
    images = np.stack([np.stack(list(_images().values()))] * 2)
    assert two_point(images).shape == lineal_path(images, vertical=True).shape == (2, 3, 48)
    np.testing.assert_allclose(two_point(images)[1, 2], two_point(images[1, 2]), atol=1e-6)


def test_an_image_all_bright_or_all_dark() -> None:
    for level in (0, 255):
        image = np.full((96, 96), level, np.uint8)
        assert two_point(image) == pytest.approx(np.full(48, level / 255), abs=1e-6)
        assert lineal_path(image, vertical=True) == pytest.approx(np.full(48, level / 255))
