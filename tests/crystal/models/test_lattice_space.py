"""Where crystals lie: components, novelty, clusters; and energies within the learned chemistry."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from xmodkit_crystal.generate.clusters import Clusters as Drawn  # noqa: E402
from xmodkit_crystal.models.lattice.clusters import Clusters  # noqa: E402
from xmodkit_crystal.models.lattice.head import EnergyHead  # noqa: E402
from xmodkit_crystal.models.lattice.principal import PrincipalComponents  # noqa: E402


@pytest.fixture
def vectors() -> torch.Tensor:
    """Return 300 vectors of 20 numbers that vary along 4 directions, and a little besides."""
    torch.manual_seed(1)
    return torch.randn(300, 4) @ torch.randn(4, 20) + 0.01 * torch.randn(300, 20) + 3


def test_components_are_white_and_novelty_is_about_one(vectors: torch.Tensor):
    space = PrincipalComponents(20, 4)
    space.fit(vectors)
    found = space(vectors)
    np.testing.assert_allclose(torch.cov(found.T), torch.eye(4), atol=0.02)
    assert space.novelty(vectors).mean() == pytest.approx(1, abs=0.02)


def test_far_along_a_component_and_off_all_of_them_are_novel(vectors: torch.Tensor):
    space = PrincipalComponents(20, 4)
    space.fit(vectors)
    far = vectors.mean(dim=0) + 9 * (vectors[:1] - vectors.mean(dim=0))
    assert space.novelty(far) > 10
    assert space.novelty(vectors[:1] + 0.5 * torch.randn(1, 20)) > 10


def test_fewer_rows_than_components_are_enough():
    space = PrincipalComponents(20, 8)
    space.fit(torch.randn(5, 20))
    assert torch.isfinite(space.novelty(torch.randn(3, 20))).all()


def test_what_is_drawn_lies_where_crystals_of_as_many_species_do():
    """What a model file is told of two clusters draws from these two, in all directions."""
    torch.manual_seed(0)
    twos = torch.cat([torch.randn(60, 3) * 0.1 + 4, torch.randn(60, 3) * 0.1 - 4])
    threes = torch.randn(80, 3) * 0.1
    clusters = Clusters(3, 3)
    clusters.fit(torch.cat([twos, threes]), torch.tensor([2] * 120 + [3] * 80))
    drawn = Drawn.parse(json.loads(json.dumps(clusters.told())), 3)
    rng = np.random.default_rng(0)
    found = np.stack([drawn.draw(2, rng) for _ in range(200)])
    assert np.abs(np.abs(found.mean(axis=1)) - 4).max() < 0.5
    assert 0.35 < (found[:, 0] > 0).mean() < 0.65
    assert np.abs(np.stack([drawn.draw(3, rng) for _ in range(50)])).max() < 1
    np.testing.assert_allclose(found[found[:, 0] > 0].std(axis=0), 0.1, rtol=0.3)


@pytest.fixture(scope="module")
def head() -> EnergyHead:
    """Return a head that has learned energies of crystals of O with Ti to Cu, by one component."""
    torch.manual_seed(0)
    species, components = chemistry(400)
    energies = 0.1 * (species[:, 1] - 25) + 0.3 * components[:, 0]
    head = EnergyHead(4, 0.0)
    head.fit(species, components, energies)
    optimiser = torch.optim.Adam(head.parameters(), 3e-3)
    for _ in range(300):
        loss = head.loss(species, components, energies)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return head.eval()


def chemistry(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    species = torch.zeros(n, 5, dtype=torch.int32)
    species[:, 0], species[:, 1] = 8, torch.randint(22, 30, (n,))
    return species, torch.randn(n, 4)


def test_energies_are_learned_and_stability_follows_from_them(head: EnergyHead):
    torch.manual_seed(5)
    species, components = chemistry(100)
    truth = 0.1 * (species[:, 1] - 25) + 0.3 * components[:, 0]
    told = head.judged(species, components)
    assert (told["formation_energy"] - truth).abs().mean() < 0.5 * truth.abs().mean()
    clear = truth.abs() > 0.3
    assert ((told["stability"] > 0.5) == (truth < 0))[clear].float().mean() > 0.95


@pytest.mark.parametrize(
    ("numbers", "shift"), [((8, 40), 0), ((8, 23, 24), 0), ((8,), 0), ((8, 23), 6)]
)
def test_outside_the_learned_chemistry_nothing_is_told(
    head: EnergyHead, numbers: tuple[int, ...], shift: float
):
    """Another element, another number of them, an unlike structure."""
    species = torch.tensor([[*numbers, *[0] * (5 - len(numbers))]], dtype=torch.int32)
    told = head.judged(species, torch.full((1, 4), float(shift)))
    assert torch.isnan(told["stability"])
    assert torch.isnan(told["formation_energy"])


def test_errors_are_as_large_as_those_of_rows_kept_back(head: EnergyHead):
    torch.manual_seed(6)
    species, components = chemistry(300)
    energies = 0.1 * (species[:, 1] - 25) + 0.3 * components[:, 0] + torch.randn(300)
    with torch.no_grad():
        head.fit_temper(species, components, energies)
        energy, error = head(species, components)
    assert ((energy - energies).abs() / error).mean() == pytest.approx(1, abs=1e-3)


def test_a_head_that_saw_no_energy_tells_none():
    head = EnergyHead(4, 0.0).eval()
    assert not head.learned
    assert torch.isnan(head.judged(*chemistry(3))["stability"]).all()
