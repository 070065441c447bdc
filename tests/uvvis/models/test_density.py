"""Our own model takes the scanner out of the colours by physics, and learns from what is left."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xmodkit_uvvis.models.density import Density  # noqa: E402
from xmodkit_uvvis.models.edges import EdgeLoss  # noqa: E402
from xmodkit_uvvis.models.optical import OpticalDensity  # noqa: E402
from xmodkit_uvvis.models.readers import MapReader, Readers, Standardise  # noqa: E402

RINGS = OpticalDensity.size // 12


def levels(light: float) -> float:
    """Return the sRGB level of linear light."""
    return 255 * (1.055 * light ** (1 / 2.4) - 0.055)


def drop(film: float, glass: float) -> torch.Tensor:
    """Return levels (1, 3, 64, 64) of a disc of transmitted light `film` on bare `glass`."""
    axis = (np.arange(64) - 31.5) / 32
    inside = np.hypot(axis[:, None], axis[None, :]) < 0.6
    image = np.where(inside, levels(film * glass), levels(glass)).round()
    return torch.from_numpy(np.tile(image.astype(np.float32), (1, 3, 1, 1)))


def test_the_density_of_a_film_is_minus_the_logarithm_of_what_it_lets_through():
    _, density = OpticalDensity()(drop(film=np.exp(-0.75), glass=0.9))
    centre = density[0, :, 14:18, 14:18]
    assert torch.allclose(centre, torch.tensor(0.75), atol=0.02)
    assert density[0, :, 0, 0].abs().max() < 1e-4  # the corner is bare glass


@pytest.mark.parametrize("glass", [0.6, 0.75, 0.95])
def test_exposure_leaves_the_density_as_it_is(glass: float):
    _, expected = OpticalDensity()(drop(film=0.5, glass=0.85))
    _, found = OpticalDensity()(drop(film=0.5, glass=glass))
    assert torch.allclose(found, expected, atol=0.02)


def test_a_profile_is_the_same_for_a_turned_or_mirrored_image():
    image = torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (1, 3, 64, 64)).astype(np.float32)
    )
    profile, _ = OpticalDensity()(image)
    for changed in (image.flip(2), image.flip(3), image.transpose(2, 3)):
        assert torch.allclose(OpticalDensity()(changed)[0], profile, atol=1e-4)


def test_an_even_disc_has_no_spread_within_its_inner_rings_and_noise_has():
    even, _ = OpticalDensity()(drop(film=0.5, glass=0.9))
    noisy = drop(film=0.5, glass=0.9) + 10 * torch.randn(1, 3, 64, 64)
    rough, _ = OpticalDensity()(noisy.clamp(0, 255).round())
    first_spread = 6 * RINGS  # after three channels of light and three of density
    assert even[0, first_spread].abs() < 1e-3
    assert rough[0, first_spread] > 0.03


def test_black_and_white_images_give_finite_profiles():
    for level in (0.0, 255.0):
        profile, density = OpticalDensity()(torch.full((1, 3, 64, 64), level))
        assert torch.isfinite(profile).all()
        assert torch.isfinite(density).all()


def test_standardising_can_be_undone():
    rows = torch.randn(500, 4) * torch.tensor([1.0, 10.0, 0.1, 3.0]) + 5
    standard = Standardise(4)
    standard.fit(rows)
    assert standard(rows).mean(dim=0).abs().max() < 1e-4
    assert torch.allclose(standard.undo(standard(rows)), rows, atol=1e-4)


def test_members_differ_by_their_start_and_answer_the_same_twice_in_use():
    torch.manual_seed(0)
    readers = Readers(6).eval()
    profile, density = torch.randn(3, 6), torch.randn(3, 3, 32, 32)
    found = readers(profile, density)
    assert found.shape == (4, 3, 220)
    assert (found[0] - found[1]).abs().max() > 1e-3
    assert (found[2] - found[3]).abs().max() > 1e-3
    assert torch.equal(found, readers(profile, density))


def test_a_map_reader_sees_mirrored_drops_only_while_it_learns():
    torch.manual_seed(0)
    reader = MapReader()
    for layer in reader.dense:
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    density = torch.randn(2, 3, 32, 32)
    in_use = [reader.eval()(density) for _ in range(4)]
    learning = [reader.train()(density) for _ in range(16)]
    assert all(torch.equal(in_use[0], other) for other in in_use)
    assert any(not torch.allclose(learning[0], other) for other in learning)


def test_a_moved_edge_costs_more_than_a_shift_of_the_same_squared_error():
    energy = np.linspace(1.31, 3.1, 220)
    rng = np.random.default_rng(0)
    gaps, heights = rng.uniform(1.6, 2.8, 400), rng.uniform(0.2, 1.0, 400)

    def edge(gap: np.ndarray) -> np.ndarray:
        rise = 1 / (1 + np.exp(-(energy[None] - gap[:, None]) / 0.05))
        return (heights[:, None] * rise).astype(np.float32)

    truth, moved = torch.from_numpy(edge(gaps)), torch.from_numpy(edge(gaps + 0.05))
    loss = EdgeLoss(edge(gaps))
    unexplained = ((moved - truth) ** 2 / loss.total).mean()
    shifted = (
        truth + (unexplained * loss.total).sqrt()
    )  # as much unexplained, edges where they were
    assert loss(moved, truth) > 1.3 * loss(shifted, truth)
    assert loss(truth, truth) == 0


def test_it_learns_spectra_from_the_colours_of_drops():
    """A few hundred drops of one dye: half of the variance is explained after a few epochs."""
    from dataclasses import replace

    from xmodkit.train import fit

    rng = np.random.default_rng(1)
    thickness, glass = rng.uniform(0.05, 1.5, 320), rng.uniform(0.7, 0.95, 320)
    scans = np.concatenate(
        [drop(np.exp(-t), g).numpy() for t, g in zip(thickness, glass, strict=True)]
    ).astype(np.uint8)
    spectra = (thickness[:, None] * np.linspace(0.3, 1.0, 220)[None]).astype(np.float32)
    rows = {"scan": scans, "absorption": spectra}
    parts = [{k: v[a] for k, v in rows.items()} for a in (slice(0, 240), slice(240, 320))]
    torch.manual_seed(0)
    model = Density()
    model.stages = tuple(replace(stage, epochs=30, batch_size=32) for stage in model.stages)
    fit(model, *parts, 0)
    graph = model.graph("scan:absorption").eval()
    with torch.no_grad():
        found = graph(torch.from_numpy(parts[1]["scan"].transpose(0, 2, 3, 1).copy()))
    truth = parts[1]["absorption"]
    error = ((found["absorption"].numpy() - truth) ** 2).mean()
    assert error < 0.1 * truth.var(axis=0).mean()
    assert (found["absorption_scale"] > 0).all()
    assert found["latent"].shape == (80, OpticalDensity.means)
