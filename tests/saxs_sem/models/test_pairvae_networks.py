"""PairVAE's networks have the published sizes and compute what the published layers compute."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch import nn  # noqa: E402

from xmodkit_saxs_sem.models.binarise import Binarise, _halved  # noqa: E402
from xmodkit_saxs_sem.models.pairvae.barlow import view  # noqa: E402
from xmodkit_saxs_sem.models.pairvae.crops import (  # noqa: E402
    CropFeatures,
    common_corner,
    crop_at,
    crop_each,
)
from xmodkit_saxs_sem.models.pairvae.decoders import (  # noqa: E402
    Doubling,
    SaxsDecoder,
    SemDecoder,
)
from xmodkit_saxs_sem.models.pairvae.encoder import Encoder, Posterior  # noqa: E402
from xmodkit_saxs_sem.models.pairvae.fields import FineBinarise  # noqa: E402
from xmodkit_saxs_sem.models.pairvae.losses import (  # noqa: E402
    barlow,
    binary_nll,
    divergence,
    picture_error,
    simclr,
)
from xmodkit_saxs_sem.models.pairvae.resnet import ResNet50  # noqa: E402


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_networks_have_the_published_numbers_of_parameters():
    assert parameters(Encoder(2048)) == 67_680
    assert parameters(SaxsDecoder()) == 11_899
    assert parameters(SemDecoder()) == 1_152_416
    with torch.device("meta"):
        assert parameters(ResNet50(64)) == 23_534_592  # Keras' ResNet50 without its top


def test_extents_are_halved_five_times_and_doubled_five_times():
    picture = torch.rand(2, 3, 96, 96)
    features = ResNet50(4).eval()(picture)
    assert features.shape == (2, 128, 3, 3)
    posterior = Encoder(128)(features)
    assert posterior.mean.shape == (2, 32, 3, 3)
    assert (posterior.scale > 0).all()
    assert SaxsDecoder()(posterior.mean).shape == (2, 3, 96, 96)
    assert SemDecoder()(posterior.mean).shape == (2, 96, 96)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 15), st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6))
def test_doubling_is_the_gradient_of_a_strided_convolution_padded_same(
    kernel: int, rows: int, columns: int, seed: int
):
    """As TensorFlow defines it: k - 2 pixels of padding, the larger half of them at the far end."""
    torch.manual_seed(seed)
    layer = Doubling(2, 3, kernel).double()
    coarse = torch.randn(1, 2, rows, columns, dtype=torch.float64)
    fine = torch.zeros(1, 3, 2 * rows, 2 * columns, dtype=torch.float64, requires_grad=True)
    before, after = (kernel - 2) // 2, (kernel - 1) // 2
    padded = nn.functional.pad(fine, (before, after, before, after))
    down = nn.functional.conv2d(padded, layer.weight, stride=2)
    (expected,) = torch.autograd.grad(down, fine, coarse)
    torch.testing.assert_close(layer(coarse), expected)


def test_the_one_computed_channel_is_the_mean_of_32_with_the_same_gradients():
    torch.manual_seed(0)
    decoder = SemDecoder()
    latent = torch.randn(3, 32, 3, 3)
    logit = decoder(latent)
    whole = decoder.last(decoder.layers(latent)).mean(dim=1)
    torch.testing.assert_close(logit, whole, atol=1e-5, rtol=1e-5)
    weights = decoder.last.weight, decoder.last.bias
    found = torch.autograd.grad(logit.square().sum(), weights)
    expected = torch.autograd.grad(whole.square().sum(), weights)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)


def test_weights_and_biases_of_the_saxs_decoder_start_with_the_variance_2_over_fan_in():
    torch.manual_seed(0)
    layers = [m for _ in range(40) for m in SaxsDecoder().modules() if isinstance(m, Doubling)]
    weights = torch.cat([m.weight.flatten() for m in layers if m.weight.shape[:2] == (8, 8)])
    biases = torch.cat([m.bias for m in layers if len(m.bias) == 8])
    assert float(weights.detach().std()) == pytest.approx((2 / 200) ** 0.5, rel=0.02)
    assert float(biases.detach().std()) == pytest.approx(0.5, rel=0.05)


def test_the_divergence_is_on_average_that_of_two_gaussians():
    torch.manual_seed(0)
    mean, scale = torch.full((4000, 32, 1, 1), 0.7), torch.full((4000, 32, 1, 1), 0.4)
    posterior = Posterior(mean, scale)
    expected = 32 * (0.7**2 + 0.4**2 - 1 - 2 * np.log(0.4)) / 2
    assert float(divergence(posterior, posterior.draw())) == pytest.approx(expected, rel=0.02)


def test_barlow_is_least_for_equal_latents_and_weighs_the_rest_by_005():
    torch.manual_seed(0)
    first, second = torch.randn(2, 4096, 6)
    assert float(barlow(first, first)) < 1e-4
    assert float(barlow(first, -first)) == pytest.approx(4, rel=1e-3)
    assert float(barlow(first, second)) == pytest.approx(1, abs=0.1)
    copies = first[:, :1].repeat(1, 6)  # every correlation is 1
    assert float(barlow(copies, copies)) == pytest.approx(0.005, rel=1e-3)


def test_simclr_finds_partners_among_eight():
    torch.manual_seed(0)
    latents = torch.randn(8, 500)
    assert float(simclr(latents, latents)) < 0.01
    assert float(simclr(latents, latents.roll(1, 0))) > 5
    same = torch.ones(8, 500)
    assert float(simclr(same, same)) == pytest.approx(np.log(8), rel=1e-4)


def test_pixels_that_were_not_measured_do_not_count():
    truth, valid = torch.rand(2, 8, 8), (torch.rand(2, 8, 8) > 0.3).float()
    picture = truth[:, None].repeat(1, 3, 1, 1) + 0.5
    spoilt = torch.where(valid[:, None] > 0, picture, 1e3)
    assert float(picture_error(spoilt, truth, valid)) == pytest.approx(0.25, rel=1e-5)
    assert float(picture_error(spoilt, truth, torch.zeros_like(valid))) == 0
    assert float(binary_nll(torch.zeros(2, 8, 8), valid)) == pytest.approx(np.log(2), rel=1e-5)


def test_all_fields_share_a_corner_or_have_their_own():
    fields = torch.arange(40 * 50).reshape(1, 40, 50).repeat(6, 1, 1)
    corner = common_corner((40 - 16 + 1, 50 - 16 + 1), 1, 2)
    assert corner == common_corner((40 - 16 + 1, 50 - 16 + 1), 1, 2)
    shared = crop_at(fields, corner, 16)
    assert shared.shape == (6, 16, 16)
    assert (shared == shared[:1]).all()
    torch.manual_seed(0)
    assert len(torch.unique(crop_each(fields, 16)[:, 0, 0])) > 3


def test_features_of_a_crop_are_computed_once_while_the_corner_stays():
    asked: list[int] = []

    def double(crops: torch.Tensor) -> torch.Tensor:
        asked.append(len(crops))
        return 2 * crops

    cache, rows, crops = CropFeatures(double), torch.tensor([4, 7]), torch.rand(2, 3, 3)
    for _ in range(3):
        torch.testing.assert_close(cache.at((0, 0), rows, crops), 2 * crops)
    torch.testing.assert_close(cache.at((0, 0), rows.flip(0), crops.flip(0)), 2 * crops.flip(0))
    assert asked == [2]
    cache.at((0, 1), rows, crops)
    assert asked == [2, 2]


def test_a_field_of_2_nm_halves_to_that_of_4_nm():
    rng = np.random.default_rng(0)
    levels = torch.from_numpy(rng.integers(0, 256, (2, 96, 128)).astype(np.float32))
    for window in (15, 25):
        fine = FineBinarise(window)(levels)
        assert fine.shape == (2, 64, 96)
        torch.testing.assert_close(_halved(fine), Binarise(window)(levels))


def test_views_keep_a_patterns_direction():
    """Lines stay upright when turned by half, zoomed and shifted: they vary along x alone."""
    torch.manual_seed(0)
    lines = (torch.arange(64) % 16 < 8).float().expand(20, 64, 64)
    seen = view(lines)
    along, across = seen[:, 8:-8, 8:-8].diff(dim=1), seen[:, 8:-8, 8:-8].diff(dim=2)
    assert float(along.abs().mean()) < float(across.abs().mean())
    assert float(seen[0].sub(seen[1]).abs().mean()) > 0.05
