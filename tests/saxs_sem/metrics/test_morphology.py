"""Spacing, direction, order and dislocations of patterns that were made with known ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from xmodkit.errors import DataError
from xmodkit_saxs_sem.metrics import derive_morphology
from xmodkit_saxs_sem.metrics.defects import windings
from xmodkit_saxs_sem.metrics.orientation import axial_degrees
from xmodkit_saxs_sem.metrics.spectrum import peak_q, power_spectrum, q_polar
from xmodkit_saxs_sem.modalities import PIXEL_NM, Q_STEP, SIZE

X, Y = np.meshgrid(PIXEL_NM * np.arange(SIZE), -PIXEL_NM * np.arange(SIZE))
Vortex = tuple[int, float, float]  # sign and place in nm


def stripes(
    spacing: float, degrees: float, level: float = 0.0, vortices: Sequence[Vortex] = ()
) -> np.ndarray:
    """Return bright lines whose wave vector points along an angle counterclockwise from +x."""
    angle = np.radians(degrees)
    phase = 2 * np.pi / spacing * (X * np.cos(angle) + Y * np.sin(angle))
    for sign, x, y in vortices:
        phase = phase + sign * np.arctan2(Y - y, X - x)
    return (np.cos(phase) > level).astype(np.uint8)


def _many(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    spacing, degrees = rng.uniform(24, 56, count), rng.uniform(-45, 135, count)
    images = [stripes(s, d, rng.uniform(-0.4, 0.4)) for s, d in zip(spacing, degrees, strict=True)]
    return np.stack(images), spacing, degrees


def test_lines_tell_their_spacing_and_direction() -> None:
    images, spacing, degrees = _many(1, 60)
    found = derive_morphology(images)
    error = found["domain_spacing"] / spacing - 1
    assert np.abs(error).max() < 0.03
    assert np.abs(error).mean() < 0.008
    turned = (axial_degrees(found["director"]) - degrees + 90) % 180 - 90
    assert np.abs(turned).max() < 0.6
    assert np.abs(found["director"]).min() > 0.96
    assert not found["defect_density"].any()
    np.testing.assert_allclose(found["area_fraction"], images.mean(axis=(1, 2)), rtol=1e-5)


def test_the_angle_turns_counterclockwise_with_y_upwards() -> None:
    """Lines whose wave vector points to the upper right run from the upper left downwards."""
    image = stripes(40, 30)
    (mean,) = derive_morphology(image[None])["director"]
    assert axial_degrees(mean) == pytest.approx(30, abs=0.5)
    up, right = image[::-1], image[:, ::-1]
    for mirrored in (up, right):
        (mean,) = derive_morphology(mirrored[None])["director"]
        assert axial_degrees(mean) == pytest.approx(-30, abs=0.5)


def test_lattices_of_dots_and_mazes_have_no_direction() -> None:
    waves = [stripes(36, degrees).astype(float) for degrees in (0, 60, 120)]
    hexagonal = np.sum(waves, axis=0) > 1.5
    found = derive_morphology(hexagonal[None])
    assert np.abs(found["director"][0]) < 0.1
    assert found["domain_spacing"][0] == pytest.approx(36, rel=0.03)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_vortex_is_one_dislocation(count: int) -> None:
    rng = np.random.default_rng(count)
    images, signs = [], []
    for _ in range(40):
        sign = int(rng.choice((-1, 1)))  # all alike: opposite ones annihilate
        places = np.array([(100.0, -110.0), (280.0, -130.0), (190.0, -280.0)])[:count]
        places += rng.uniform(-15, 15, places.shape)
        vortices = [(sign, x, y) for x, y in places]
        images.append(stripes(rng.uniform(28, 46), rng.uniform(0, 180), 0.1, vortices))
        signs.append(sign)
    stack = np.stack(images)
    power = power_spectrum(stack)
    wound = windings(stack, power, peak_q(power)[0]).astype(int)
    counts = np.abs(wound).sum(axis=(1, 2))
    assert (counts == count).mean() >= 0.95
    assert (np.abs(wound.sum(axis=(1, 2))) == count).mean() >= 0.95
    area = (71 * 4e-3) ** 2
    density = derive_morphology(stack)["defect_density"]
    np.testing.assert_allclose(density * area, counts, rtol=1e-5)


def test_what_has_no_period_has_none() -> None:
    rng = np.random.default_rng(0)
    images = [np.zeros((SIZE, SIZE)), np.ones((SIZE, SIZE)), Y > -190]
    images += [rng.random((SIZE, SIZE)) < 0.5 for _ in range(20)]
    found = derive_morphology(np.stack(images))
    for name in ("peak_q", "domain_spacing", "director", "defect_density"):
        assert np.isnan(found[name]).all(), name
    assert found["area_fraction"][:2].tolist() == [0, 1]


def test_a_ring_on_a_steep_background_is_found_behind_a_mask() -> None:
    rng = np.random.default_rng(1)
    q = q_polar()[0]
    peaks = rng.uniform(0.11, 0.25, 20)
    frames = np.stack([np.exp(-0.5 * ((q - p) / 0.01) ** 2) for p in peaks])
    frames = rng.poisson(2000 * frames + 0.02 * (np.maximum(q, 0.02) / 0.1) ** -3 * 2000 + 1)
    valid = np.broadcast_to((q > 0.06) & (np.abs(q - 0.3) > 0.01), frames.shape).copy()
    valid[:, 40:43] = False
    found, contrast = peak_q(np.where(valid, frames, 0), valid)
    np.testing.assert_allclose(found, peaks, atol=0.25 * Q_STEP)
    assert (contrast > 3).all()


def test_a_frame_that_only_falls_has_no_peak() -> None:
    q = np.maximum(q_polar()[0], 0.02)
    for power in (q**-4, q**-3, np.ones_like(q), np.zeros_like(q)):
        assert np.isnan(peak_q(power[None])[0]).all()


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(DataError, match=r"\(2, 64, 64\) given, \(n, 96, 96\) expected"):
        derive_morphology(np.zeros((2, 64, 64)))
