"""Both architectures learn, and every route gives the fields that it declares."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("spglib")

from xmodkit.modality import stacked  # noqa: E402
from xmodkit_crystal.encode import encode_crystal  # noqa: E402
from xmodkit_crystal.models import MODELS  # noqa: E402
from xmodkit_crystal.pair import CrystalPair  # noqa: E402
from xmodkit_crystal.reading.arrays import to_crystal  # noqa: E402
from xmodkit_crystal.simulator.simulate import simulate  # noqa: E402

PAIR = CrystalPair()
SAMPLES = list(simulate(6, 0))
STEPS = {"lattice": 12, "imatgen": 3}


@pytest.fixture(scope="module", params=sorted(MODELS))
def trained(request: pytest.FixtureRequest):
    """Return a model after a few steps of each stage, and its losses."""
    torch.manual_seed(0)
    model = MODELS[request.param]()
    energy = np.linspace(-1, 1, len(SAMPLES)).astype(np.float32)
    rows = {**stacked([model.prepare(sample) for sample in SAMPLES]), "energy": energy}
    losses = {}
    for stage in model.stages:
        model.begin(stage.name, rows)
        batch = {k: torch.from_numpy(v[:3]) for k, v in model.rows(stage.name, rows).items()}
        learned = [p for name in stage.networks for p in model.networks[name].parameters()]
        optimiser = torch.optim.Adam(learned, 1e-3)
        losses[stage.name] = []
        for _ in range(STEPS[request.param]):
            loss = model.loss(stage.name, batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses[stage.name].append(loss.item())
        model.end(stage.name, rows)
    model.networks.eval()
    return model, losses


def encoded() -> list[torch.Tensor]:
    """Return what a graph takes of two crystals."""
    rows = [encode_crystal(to_crystal(s.arrays["crystal"]), 13.5) for s in SAMPLES[:2]]
    fields = PAIR.encoded(PAIR.route("crystal:latent"))
    return [torch.from_numpy(np.stack([row[f.name] for row in rows])) for f in fields]


def test_every_stage_learns(trained):
    for losses in trained[1].values():
        assert min(losses[-2:]) < losses[0]


def test_every_route_gives_what_it_declares(trained):
    model, _ = trained
    images = encoded()
    with torch.no_grad():
        latent = model.graph("crystal:latent")(*images)["latent"]
        for name in model.routes:
            route = PAIR.route(name)
            found = model.graph(name)(*(images if route.source == "crystal" else [latent]))
            for field in model.outputs(name, PAIR.modality(route.target).fields):
                extents = tuple(axis.size for axis in field.axes)
                assert found[field.name].shape == (2, *extents), (name, field.name)
            assert torch.isfinite(found["novelty"]).all()


def test_species_survive_the_way_through_the_latent(trained):
    model, _ = trained
    images = encoded()
    with torch.no_grad():
        found = model.graph("crystal:crystal")(*images)
    np.testing.assert_array_equal(found["species"], images[1])


@pytest.mark.parametrize(
    "species", [(0, 0, 0, 0, 0), (8, 8, 0, 0, 0), (23, 8, 0, 0, 0), (8, 0, 23, 0, 0)]
)
def test_species_that_no_crystal_has_are_novel(trained, species):
    """None, one twice, out of order, with a gap: whatever the images show."""
    model, _ = trained
    if model.name != "lattice":
        pytest.skip("the published model tells no species apart")
    cell, known, images = encoded()
    wrong = torch.tensor([species] * 2, dtype=known.dtype)
    with torch.no_grad():
        graph = model.graph("crystal:latent")
        told, usual = (graph(cell, numbers, images)["novelty"] for numbers in (wrong, known))
    assert (told > usual + 50).all()
