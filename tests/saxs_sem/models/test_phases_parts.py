"""The parts of our own model: fields of given power, rings, correlations, drawing."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xmodkit_saxs_sem.modalities import Q_GRID, Q_STEP, SIZE  # noqa: E402
from xmodkit_saxs_sem.models.phases.blocks import UNet  # noqa: E402
from xmodkit_saxs_sem.models.phases.correlation import (  # noqa: E402
    autocorrelation,
    centre,
    correlations,
    power_of,
)
from xmodkit_saxs_sem.models.phases.draw import aligned, binary, standardised  # noqa: E402
from xmodkit_saxs_sem.models.phases.fourier import (  # noqa: E402
    PERIODIC,
    PowerSpectrum,
    RandomField,
    to_periodic,
)
from xmodkit_saxs_sem.models.phases.profile import Profile  # noqa: E402

QX, QY = np.meshgrid(Q_GRID, -Q_GRID)


def _stripes(kx, ky, size=SIZE):
    """Return an image (size, size) of stripes with wave vector (kx right, ky up) in 1/nm."""
    x, y = np.meshgrid(4.0 * np.arange(size), -4.0 * np.arange(size))
    return torch.from_numpy((np.cos(kx * x + ky * y) > 0).astype(np.float32))


def _pattern(kx, ky, width=0.012):
    spots = [np.exp(-((QX - s * kx) ** 2 + (QY - s * ky) ** 2) / 2 / width**2) for s in (1, -1)]
    return torch.from_numpy(np.log10(sum(spots) + 1e-3).astype(np.float32))


def _ring(k, width=0.012):
    log = np.log10(np.exp(-((np.hypot(QX, QY) - k) ** 2) / 2 / width**2) + 1e-3)
    return torch.from_numpy(log.astype(np.float32))


def _peak(power):
    row, column = np.unravel_index(int(power[: SIZE // 2].argmax()), (SIZE // 2, SIZE))
    return QX[row, column], QY[row, column]


def test_power_peaks_at_the_wave_vector_as_scattering_does():
    kx, ky = 10 * Q_STEP, 6 * Q_STEP
    power = PowerSpectrum()(_stripes(kx, ky)[None, None])[0]
    np.testing.assert_allclose(_peak(power), (kx, ky), atol=1e-6)


def test_power_sums_to_the_variance_of_the_image():
    image = torch.randn(1, 4, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    power = PowerSpectrum()(image)
    assert abs(float(power.mean()) - 1.0) < 0.03


def test_random_fields_have_the_power_that_was_asked_for():
    axis = torch.arange(64.0) - 32
    radius = torch.hypot(axis[:, None], axis)
    asked = torch.exp(-0.5 * ((radius - 8) / 1.5) ** 2) + 1e-4
    noise = torch.randn(200, 2, 64, 64, generator=torch.Generator().manual_seed(1))
    fields = RandomField(64)(asked[None], noise)[0]
    assert abs(float(fields.var()) - 1.0) < 0.03
    assert abs(float(fields.mean())) < 0.01
    found = torch.fft.fftshift(torch.fft.fft2(fields).abs().square().mean(0))
    found, asked = found / found.sum(), asked / asked.sum()
    strong = asked > 0.1 * asked.max()
    assert float((found / asked)[strong].log().abs().mean()) < 0.1


def test_the_finer_grid_has_its_zero_where_the_coarse_one_has():
    there = to_periodic()
    unit = torch.zeros(SIZE)
    unit[SIZE // 2] = 1
    assert int((there @ unit).argmax()) == PERIODIC // 2
    torch.testing.assert_close(there.sum(dim=1), torch.ones(PERIODIC))


def test_ring_features_do_not_change_when_a_pattern_is_turned_or_stretched():
    profile = Profile()
    valid = torch.ones(3, SIZE, SIZE)
    patterns = torch.stack([_pattern(0.2, 0.0), _pattern(0.1414, 0.1414), _pattern(0.2, 0.0)])
    along, turned, _ = profile(patterns, valid)
    assert float((along - turned).abs().mean()) < 0.06
    stretched = profile(torch.stack([_ring(0.16), _ring(0.24)]), valid[:2])
    assert float((stretched[0, :-1] - stretched[1, :-1]).abs().mean()) < 0.12
    np.testing.assert_allclose(
        float(stretched[1, -1] - stretched[0, -1]), np.log(0.24 / 0.16), atol=0.02
    )


def test_ring_features_tell_lines_from_rings():
    found = Profile()(torch.stack([_pattern(0.2, 0.0), _ring(0.2)]), torch.ones(2, SIZE, SIZE))
    count = (found.shape[1] - 1) // 4
    second = found[:, count : 2 * count]
    assert float(second[0].max()) > 5 * float(second[1].max())


def test_a_gap_alone_makes_no_harmonics():
    valid = torch.ones(1, SIZE, SIZE)
    valid[:, :, 50:54] = 0
    found = Profile()(_ring(0.2)[None] * valid, valid)
    count = (found.shape[1] - 1) // 4
    assert float(found[0, count:-1].max()) < 0.15


def test_the_autocorrelation_of_a_field_is_that_of_its_pairs_of_pixels():
    field = (np.random.default_rng(0).random((150, 180)) > 0.4).astype(np.uint8)
    found = autocorrelation(field, 64)
    centred = field - field.mean()
    lag = (3, -5)  # down, to the right
    pairs = centred[3:, :-5] * centred[:-3, 5:]
    expected = pairs.mean() / (centred**2).mean()
    assert abs(found[32 + lag[0], 32 + lag[1]] - expected) < 1e-6
    assert found[32, 32] == 1


def test_power_and_autocorrelation_belong_to_each_other():
    x = np.arange(-64, 64)
    known = np.exp(-np.hypot(*np.meshgrid(x, x)) / 4).astype(np.float32)[None]
    power = power_of(torch.from_numpy(known))
    back = correlations(power)
    assert float((centre(back, 32) - centre(torch.from_numpy(known), 32)).abs().max()) < 0.02


def test_binary_images_have_exactly_the_fraction_asked_for():
    probability = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(2))
    share = torch.tensor([[0.3, 0.5, 0.61], [0.2, 0.45, 0.8]])
    images = binary(probability, share)
    torch.testing.assert_close(images.mean(dim=(2, 3)), share, atol=2e-4, rtol=0)
    assert bool(probability[images > 0].min() >= 0)
    bright, dark = probability[0, 0][images[0, 0] > 0], probability[0, 0][images[0, 0] == 0]
    assert bright.min() >= dark.max()


def test_standardised_images_have_mean_zero_and_variance_one():
    image = (torch.rand(2, 64, 64, generator=torch.Generator().manual_seed(3)) > 0.3).float()
    found = standardised(image, image.mean(dim=(1, 2)))
    torch.testing.assert_close(found.mean(dim=(1, 2)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        found.var(dim=(1, 2), correction=0), torch.ones(2), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("turned", [False, True], ids=["moved", "moved and turned by half"])
def test_alignment_finds_how_a_field_was_moved(turned):
    image = torch.randn(2, 48, 48, generator=torch.Generator().manual_seed(4))
    field = torch.roll(image, (5, -9), (1, 2))
    field = torch.flip(field, (1, 2)) if turned else field
    torch.testing.assert_close(aligned(field, image), image)


def test_a_network_that_wraps_around_does_not_care_where_an_image_begins():
    torch.manual_seed(5)
    network = UNet(1, 1, (8, 8, 8))
    torch.nn.init.normal_(network.last.mix.weight)
    image = torch.randn(1, 1, 32, 32)
    with torch.no_grad():
        moved = torch.roll(network(image), (8, 16), (2, 3))
        torch.testing.assert_close(network(torch.roll(image, (8, 16), (2, 3))), moved)
