"""Descriptors are what they claim to be, and do not depend on what does not matter."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from xmodkit_xes.modalities import CLUSTER  # noqa: E402
from xmodkit_xes.models.coulomb import CoulombMatrix  # noqa: E402
from xmodkit_xes.models.internal import InternalCoordinates  # noqa: E402
from xmodkit_xes.models.symmetry import SymmetryFunctions  # noqa: E402

from .conftest import Cluster, cluster  # noqa: E402


def symmetry() -> SymmetryFunctions:
    """Return symmetry functions with slots for hydrogen, carbon and oxygen."""
    made = SymmetryFunctions(slots=4)
    made.fit(torch.tensor([[16, 1, 6, 8]]))
    return made


MAKERS: list[Callable[[], Any]] = [InternalCoordinates, lambda: CoulombMatrix(5), symmetry]


def described(descriptor: Any, given: Cluster) -> Any:
    """Return the descriptor (n,) of one cluster."""
    return descriptor(
        torch.from_numpy(given.numbers)[None], torch.from_numpy(given.positions)[None]
    )[0]


def rotated(given: Cluster, seed: int) -> Cluster:
    """Return the cluster, turned at random."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return Cluster(given.numbers, (given.positions @ q).astype(np.float32))


@pytest.mark.parametrize("make", MAKERS, ids=["internal", "coulomb", "symmetry"])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), atoms=st.integers(1, 14), padding=st.integers(1, 9))
def test_neither_rotation_nor_order_nor_padding_matters(
    make: Callable[[], Any], seed: int, atoms: int, padding: int
) -> None:
    """A cluster that is turned, permuted after its absorber and padded is described alike."""
    descriptor, given = make(), cluster(seed, atoms)
    order = np.random.default_rng(seed).permutation(np.arange(1, atoms))
    order = np.concatenate([[0], order]).astype(int)
    turned = rotated(given, seed)
    other = Cluster(
        np.pad(turned.numbers[order], (0, padding)),
        np.pad(turned.positions[order], ((0, padding), (0, 0))),
    )
    expected, found = described(descriptor, given), described(descriptor, other)
    scale = expected.abs().clamp(min=1.0)
    assert float(((found - expected) / scale).abs().max()) < 2e-3
    assert torch.isfinite(found).all()
    assert (
        len(found)
        == descriptor.size
        == len(descriptor.labels(torch.from_numpy(given.numbers)[None]))
    )


def test_internal_coordinates_of_water_are_its_bonds_and_angle(water: Any) -> None:
    """The features are those that the positions were made of, straight molecules included."""
    numbers = torch.tensor([[8, 1, 1]], dtype=torch.int32).expand(len(water.positions), 3)
    found = InternalCoordinates()(numbers, torch.from_numpy(water.positions).float())
    np.testing.assert_allclose(found.numpy(), water.features, atol=2e-4)
    straight = torch.tensor([[[0.0, 0, 0], [0.9, 0, 0], [-1.1, 0, 0]]])
    assert InternalCoordinates()(numbers[:1], straight).tolist()[0] == pytest.approx(
        [0.9, 1.1, 180]
    )


def test_the_coulomb_matrix_is_that_of_dscribe() -> None:
    """The nearest atoms in our order give the very matrix that dscribe computes of them."""
    dscribe, ase = pytest.importorskip("dscribe.descriptors"), pytest.importorskip("ase")
    given = cluster(5, 9)
    ours = described(CoulombMatrix(5), given).numpy()
    place = 1 + np.lexsort((np.arange(5), -given.numbers[1:6]))
    order = np.concatenate([[0], place])
    atoms = ase.Atoms(given.numbers[order], given.positions[order])
    full = dscribe.CoulombMatrix(n_atoms_max=6, permutation="none").create(atoms).reshape(6, 6)
    np.testing.assert_allclose(ours, full[np.triu_indices(6)], rtol=1e-5)


def test_rows_of_a_coulomb_matrix_have_names_where_they_are_true() -> None:
    """One composition names elements; clusters that differ name rows."""
    same = torch.tensor([[16, 1, 8, 1], [16, 8, 1, 1]], dtype=torch.int32)
    matrix = CoulombMatrix(3)
    assert matrix.labels(same)[:5] == ("S*", "S*-O1", "S*-H1", "S*-H2", "O1")
    mixed = torch.tensor([[16, 1, 8, 1], [16, 8, 8, 1]], dtype=torch.int32)
    assert matrix.labels(mixed)[1] == "row 0-row 1"


def test_symmetry_functions_are_those_of_dscribe() -> None:
    """G2 and G5 equal dscribe's ACSF of the same parameters, element by element."""
    acsf = pytest.importorskip("dscribe.descriptors").ACSF
    ase = pytest.importorskip("ase")
    given, ours = cluster(8, 12), symmetry()
    with torch.no_grad():
        g2, g5 = ours.functions(
            torch.from_numpy(given.numbers)[None], torch.from_numpy(given.positions)[None]
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = acsf(
            r_cut=ours.cutoff,
            g2_params=[[ours.eta, shift] for shift in ours.shifts.tolist()],
            g5_params=[list(row) for row in ours.angular],
            species=[1, 6, 8],
        )
        expected = theirs.create(ase.Atoms([8, *given.numbers[1:]], given.positions), centers=[0])[
            0
        ]
    slots = [z for z in ours.elements.tolist() if z > 0]
    assert sorted(slots) == [1, 6, 8]
    shells = g2.reshape(5, -1)
    radial = ours.radial + 1  # dscribe begins each element with the cut-off function alone
    for number, z in enumerate((1, 6, 8)):
        block = expected[number * radial : (number + 1) * radial]
        np.testing.assert_allclose(shells[slots.index(z)].numpy(), block[1:], atol=2e-5, rtol=1e-4)
    angular = expected[3 * radial :].reshape(6, -1)
    triples = g5.reshape(len(ours.first), -1)
    pairs = list(zip(ours.first.tolist(), ours.second.tolist(), strict=True))
    table = [(a, b) for i, a in enumerate((1, 6, 8)) for b in (1, 6, 8)[: i + 1]]
    for row, (a, b) in zip(angular, table, strict=True):
        i, j = sorted((slots.index(a), slots.index(b)))
        found = triples[pairs.index((i, j))].numpy()
        np.testing.assert_allclose(found, row, atol=2e-5, rtol=1e-4)


def test_an_element_without_a_slot_counts_among_all_others() -> None:
    """An iodine atom changes the slot of other elements, and no slot of another."""
    given, ours = cluster(2, 8), symmetry()
    numbers = given.numbers.copy()
    numbers[3] = 53
    shells = ours.functions(
        torch.from_numpy(numbers)[None], torch.from_numpy(given.positions)[None]
    )[0]
    others = shells.reshape(5, -1)[-1]
    assert float(others.sum()) > 0
    before = ours.functions(
        torch.from_numpy(given.numbers)[None], torch.from_numpy(given.positions)[None]
    )[0]
    assert float(before.reshape(5, -1)[-1].sum()) == 0


class _Named(torch.nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.descriptor = descriptor

    def forward(self, numbers: Any, positions: Any) -> dict[str, Any]:
        return {"features": self.descriptor(numbers, positions)}


@pytest.mark.parametrize("make", MAKERS, ids=["internal", "coulomb", "symmetry"])
def test_the_exported_descriptor_takes_any_number_of_clusters_and_atoms(
    make: Callable[[], Any],
) -> None:
    """ONNX agrees with torch on clusters of other sizes than the one it was exported with."""
    exporter = pytest.importorskip("xmodkit_exporters.onnx")
    pytest.importorskip("onnxscript")
    session = pytest.importorskip("onnxruntime").InferenceSession
    descriptor = make().eval()
    given = cluster(1, 9)
    feeds = {"numbers": np.stack([given.numbers] * 2), "positions": np.stack([given.positions] * 2)}
    data = exporter.to_onnx(_Named(descriptor), CLUSTER.fields, ["features"], feeds)
    run = session(data, providers=["CPUExecutionProvider"]).run
    for atoms in (2, 3, 14):
        others = [cluster(seed, atoms) for seed in range(5)]
        feeds = {
            "numbers": np.stack([other.numbers for other in others]),
            "positions": np.stack([other.positions for other in others]),
        }
        expected = descriptor(*map(torch.from_numpy, feeds.values()))
        np.testing.assert_allclose(run(None, feeds)[0], expected.numpy(), rtol=1e-4, atol=2e-4)
