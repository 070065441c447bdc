"""Tests of the published networks: their sizes, shapes and that they learn."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from xmodkit_crystal.models.imatgen.images import basis_autoencoder, cell_autoencoder  # noqa: E402
from xmodkit_crystal.models.imatgen.material import MaterialVae, stacked_vectors  # noqa: E402


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("network", "count"),
    [(cell_autoencoder, 1_221_013), (basis_autoencoder, 3_220_169), (MaterialVae, 2_303_707)],
)
def test_networks_have_the_published_number_of_parameters(network, count):
    assert parameters(network()) == count


@pytest.mark.parametrize(
    ("network", "size", "latent"), [(cell_autoencoder, 32, 20), (basis_autoencoder, 64, 200)]
)
def test_an_image_becomes_a_vector_within_one_and_an_image_again(network, size, latent):
    images = torch.rand(2, size, size, size)
    model = network()
    code = model.encode(images)
    assert code.shape == (2, latent)
    assert code.abs().max() <= 1
    assert model(images).shape == images.shape


def test_cell_and_species_become_one_vector_and_come_apart_again():
    cell, basis = torch.rand(3, 20), torch.rand(3, 5, 200)
    stacked = stacked_vectors(cell, basis)
    assert stacked.shape == (3, 6, 200)
    assert torch.equal(stacked[:, 5, :20], cell)
    assert not stacked[:, 5, 20:].any()
    vae = MaterialVae()
    mean, log_variance = vae.encode(stacked)
    assert mean.shape == log_variance.shape == (3, 500)
    again, species = vae.decode(mean)
    assert (again.shape, species.shape) == ((3, 20), (3, 5, 200))
    assert vae.stability(mean).shape == (3,)


def test_the_noise_of_the_latent_is_the_published_small_one():
    vae = MaterialVae()
    mean = torch.zeros(2000, 500)
    drawn = vae.sample(mean, torch.zeros_like(mean))
    assert drawn.std().item() == pytest.approx(1e-4, rel=0.01)


def test_a_cell_image_is_learned():
    torch.manual_seed(0)
    model = cell_autoencoder()
    image = torch.zeros(2, 32, 32, 32)
    image[0, 12:20, 12:20, 12:20] = image[1, 8:24, 14:18, 14:18] = 1.0
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    losses = []
    for _ in range(12):
        loss = nn.functional.mse_loss(model(image), image)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
