"""The ensemble of density networks learns, is invariant, and exports without a change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xmodkit.errors import DataError, UsageError  # noqa: E402
from xmodkit.modality import Array  # noqa: E402
from xmodkit.pair import Route, Sample  # noqa: E402
from xmodkit.train.fit import fit  # noqa: E402
from xmodkit_xes.modalities import CLUSTER  # noqa: E402
from xmodkit_xes.models.site import Site  # noqa: E402

ROUTE = Route("structure", "xes")
ENERGIES = tuple(float(energy) for energy in np.linspace(2460, 2470, 24))
OUTPUTS = ("xes", "xes_scale", "novelty", "latent")
ROWS, LEARNED = 200, 150


def sample(seed: int, make_cluster: Any) -> Sample:
    """Return a cluster whose line lies where its neighbours' distances put it."""
    cluster = make_cluster(seed, 4 + seed % 5)
    distance = np.linalg.norm(cluster.positions[1:], axis=1)
    near = (cluster.numbers[1:] * np.exp(-distance)).sum()
    spectrum = np.exp(-(((np.array(ENERGIES) - 2462 - near / 3) / 1.5) ** 2))
    structure = {
        "numbers": cluster.numbers,
        "positions": cluster.positions,
        "cell": np.zeros((3, 3), np.float32),
        "sites": np.zeros(1, np.int32),
    }
    return Sample(
        f"cluster-{seed}",
        {"structure": structure, "xes": {"xes": spectrum.astype(np.float32)}},
        metadata={"absorber": "S"},
        coordinates={"xes_energy": ENERGIES},
    )


@pytest.fixture(scope="module")
def samples(make_cluster: Any) -> list[Sample]:
    """Return 200 clusters of five to nine atoms."""
    return [sample(seed, make_cluster) for seed in range(ROWS)]


@pytest.fixture(scope="module")
def model(samples: list[Sample]) -> Site:
    """Return a model trained for a few epochs on the first 150."""
    torch.manual_seed(0)
    found = Site(**Site.shape(ROUTE, samples[0], {}), atoms=16)
    found.stages = tuple(replace(stage, epochs=12, batch_size=16) for stage in found.stages)
    prepared = [found.prepare(each) for each in samples[:LEARNED]]
    rows = {name: np.stack([row[name] for row in prepared]) for name in prepared[0]}
    cut = LEARNED - 15
    fit(found, {k: v[:cut] for k, v in rows.items()}, {k: v[cut:] for k, v in rows.items()}, 0)
    return found


@pytest.fixture(scope="module")
def feeds(samples: list[Sample]) -> dict[str, Array]:
    """Return the rows that were not learned from, padded as one batch."""
    held = [each.arrays["structure"] for each in samples[LEARNED:]]
    numbers = np.zeros((len(held), 10), np.int32)
    positions = np.zeros((len(held), 10, 3), np.float32)
    for row, structure in enumerate(held):
        count = len(structure["numbers"])
        numbers[row, :count], positions[row, :count] = structure["numbers"], structure["positions"]
    return {"numbers": numbers, "positions": positions}


@pytest.fixture(scope="module")
def data(model: Site, feeds: dict[str, Array]) -> bytes:
    """Return the graph as ONNX."""
    pytest.importorskip("onnxscript")
    exporter = pytest.importorskip("xmodkit_exporters.onnx")
    exported: bytes = exporter.to_onnx(model.graph("structure:xes"), CLUSTER.fields, OUTPUTS, feeds)
    return exported


@pytest.fixture(scope="module", params=["torch", "onnx"])
def run(request: pytest.FixtureRequest, model: Site) -> Any:
    """Return what runs the graph in torch, or the exported one in ONNX Runtime."""
    if request.param == "onnx":
        runtime = pytest.importorskip("onnxruntime")
        session = runtime.InferenceSession(request.getfixturevalue("data"))
        return lambda feeds: dict(zip(OUTPUTS, session.run(list(OUTPUTS), feeds), strict=True))
    graph = model.graph("structure:xes").eval()

    def eager(feeds: dict[str, Array]) -> dict[str, Array]:
        with torch.no_grad():
            found = graph(*(torch.from_numpy(feeds[name]) for name in ("numbers", "positions")))
        return {name: found[name].numpy() for name in OUTPUTS}

    return eager


def same(found: dict[str, Array], expected: dict[str, Array]) -> None:
    """Require equal outputs, within single precision of each one's size."""
    for name in OUTPUTS:
        size = np.abs(expected[name]).max()
        np.testing.assert_allclose(found[name], expected[name], atol=5e-5 * size, err_msg=name)


def test_it_predicts_rows_it_never_saw_better_than_their_mean(
    run: Any, feeds: dict[str, Array], samples: list[Sample]
) -> None:
    """A few epochs leave less than half of the training mean's squared error."""
    truth = np.stack([each.arrays["xes"]["xes"] for each in samples])
    mean = truth[:LEARNED].mean(axis=0)
    error = ((run(feeds)["xes"] - truth[LEARNED:]) ** 2).sum()
    assert error < 0.5 * ((mean - truth[LEARNED:]) ** 2).sum()


def test_every_scale_is_positive(run: Any, feeds: dict[str, Array]) -> None:
    """Of rows like those learned, and of nonsense."""
    assert run(feeds)["xes_scale"].min() > 0
    assert run({**feeds, "positions": 0.3 * feeds["positions"]})["xes_scale"].min() > 0


def test_a_turned_or_mirrored_cluster_has_the_same_spectrum(
    run: Any, feeds: dict[str, Array]
) -> None:
    """Orthogonal matrices of either determinant."""
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    expected = run(feeds)
    for matrix in (turn, turn * [-1, 1, 1]):
        turned = (feeds["positions"] @ matrix).astype(np.float32)
        same(run({**feeds, "positions": turned}), expected)


def test_the_order_of_the_atoms_after_the_first_is_no_matter(
    run: Any, feeds: dict[str, Array]
) -> None:
    """Padding may even stand between them."""
    order = np.r_[0, 1 + np.random.default_rng(1).permutation(9)]
    same(run({name: array[:, order] for name, array in feeds.items()}), run(feeds))


def test_padding_is_no_matter(run: Any, feeds: dict[str, Array]) -> None:
    """Alone or in a wider batch, a cluster has the same spectrum."""
    wider = {
        "numbers": np.pad(feeds["numbers"], ((0, 0), (0, 7))),
        "positions": np.pad(feeds["positions"], ((0, 0), (0, 7), (0, 0))),
    }
    expected = run(feeds)
    same(run(wider), expected)
    count = int((feeds["numbers"][0] > 0).sum())
    alone = run({name: array[:1, :count] for name, array in feeds.items()})
    same(alone, {name: expected[name][:1] for name in OUTPUTS})


def test_an_unseen_element_near_the_absorber_is_novel(run: Any, feeds: dict[str, Array]) -> None:
    """Each adds far more than familiar clusters have; one far off adds nothing of the kind."""
    familiar = run(feeds)["novelty"]
    near = feeds["numbers"].copy()
    near[:, 1] = 53
    assert (run({**feeds, "numbers": near})["novelty"] > 50 + np.quantile(familiar, 0.9)).all()
    far = {name: array.copy() for name, array in feeds.items()}
    far["numbers"][:, 9], far["positions"][:, 9] = 53, (5.5, 0, 0)
    assert np.abs(run(far)["novelty"] - familiar).max() < 50


def test_the_exported_graph_agrees_with_torch(
    model: Site, data: bytes, feeds: dict[str, Array]
) -> None:
    """At several batch sizes."""
    exporter = pytest.importorskip("xmodkit_exporters.onnx")

    class Ordered(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.graph = model.graph("structure:xes")

        def forward(self, numbers: Any, positions: Any) -> tuple[Any, ...]:
            found = self.graph(numbers, positions)
            return tuple(found[name] for name in OUTPUTS)

    exporter.check_parity(Ordered(), data, feeds)


def test_other_kinds_of_spectra_are_learned_along(samples: list[Sample]) -> None:
    """Each is offered as a route, that of the training first."""
    both = replace(
        samples[0],
        arrays={**samples[0].arrays, "xanes": {"xanes": np.ones(5, np.float32)}},
        coordinates={"xes_energy": ENERGIES, "xanes_energy": (1.0, 2.0, 3.0, 4.0, 5.0)},
    )
    shape = Site.shape(ROUTE, both, {})
    model = Site(**shape)
    assert model.routes == ("structure:xes", "structure:xanes")
    assert model.targets.components == 24 + 5
    assert model.condition == {"absorber": "S"}
    with pytest.raises(UsageError, match="structure:xas: site offers structure:xes"):
        model.graph("structure:xas")


def test_samples_that_cannot_teach_are_refused(samples: list[Sample]) -> None:
    """Without energies, or with several absorbers."""
    with pytest.raises(DataError, match="no energies"):
        Site.shape(ROUTE, replace(samples[0], coordinates={}), {})
    structure = {**samples[0].arrays["structure"], "sites": np.array([0, 1], np.int32)}
    two = replace(samples[0], arrays={**samples[0].arrays, "structure": structure})
    with pytest.raises(DataError, match="2 absorbers, 1 expected"):
        Site(**Site.shape(ROUTE, samples[0], {})).prepare(two)


def test_conformers_are_repeated_to_as_many_as_the_others_have(samples: list[Sample]) -> None:
    """Two geometries of four asked for: each twice; the padded ones between are left out."""
    numbers = np.zeros((4, 3), np.int32)
    numbers[:2] = (16, 1, 1)
    positions = np.zeros((4, 3, 3), np.float32)
    positions[0, 1, 0], positions[1, 1, 0] = 1.3, 1.4
    positions[:2, 2, 1] = 1.35
    own = {"conformer_numbers": numbers, "conformer_positions": positions}
    some = replace(samples[0], arrays={**samples[0].arrays, "conformers": own})
    shape = Site.shape(ROUTE, some, {})
    assert shape["geometries"] == 4
    rows = Site(**shape).prepare(some)
    assert rows["positions"][:, 1, 0].tolist() == pytest.approx([1.3, 1.4, 1.3, 1.4])
