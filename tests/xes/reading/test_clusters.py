"""A cluster holds every atom within its radius, periodic copies included, in a stable order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from xmodkit.errors import InputError
from xmodkit_xes.modalities import CLUSTER, CLUSTER_RADIUS_A
from xmodkit_xes.reading.clusters import MOST_NEIGHBOURS, clusters

ase = pytest.importorskip("ase")


def structure(atoms: ase.Atoms, sites: list[int]) -> dict[str, NDArray]:
    return {
        "numbers": atoms.numbers.astype(np.int32),
        "positions": atoms.positions.astype(np.float32),
        "cell": np.where(atoms.pbc[:, None], atoms.cell, 0).astype(np.float32),
        "sites": np.array(sites, np.int32),
    }


def random_atoms(seed: int, pbc: tuple[bool, bool, bool]) -> ase.Atoms:
    random = np.random.default_rng(seed)
    cell = np.diag(random.uniform(2.5, 9.0, 3)) + random.uniform(-1, 1, (3, 3))
    fractions = random.uniform(-1, 2, (int(random.integers(1, 7)), 3))
    numbers = random.choice([8, 16, 29], len(fractions))
    return ase.Atoms(numbers, fractions @ cell, cell=cell, pbc=pbc)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_neighbours_are_those_that_ase_finds(seed: int, pbc: tuple[bool, bool, bool]):
    from ase.neighborlist import neighbor_list

    atoms = random_atoms(seed, pbc)
    i, j, offsets = neighbor_list("ijD", atoms, CLUSTER_RADIUS_A)
    found = clusters(structure(atoms, list(range(len(atoms)))))
    for site, cluster in enumerate(found):
        expected = np.sort(np.linalg.norm(offsets[i == site], axis=1))
        distance = np.linalg.norm(cluster["positions"][1:], axis=1)
        rim = np.abs(expected - CLUSTER_RADIUS_A) < 1e-3  # in or out by rounding alone
        if not rim.any():
            np.testing.assert_allclose(distance, expected, atol=1e-3)
            assert sorted(cluster["numbers"][1:]) == sorted(atoms.numbers[j[i == site]])
        CLUSTER.check(cluster)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_the_absorber_comes_first_and_the_others_by_distance(seed: int):
    atoms = random_atoms(seed, (True, True, False))
    for site, cluster in enumerate(clusters(structure(atoms, list(range(len(atoms)))))):
        distance = np.linalg.norm(cluster["positions"], axis=1)
        assert cluster["numbers"][0] == atoms.numbers[site]
        assert (cluster["positions"][0] == 0).all()
        assert (np.diff(distance) > -2e-4).all()


def test_moving_a_crystal_as_a_whole_changes_nothing():
    from ase.build import bulk

    atoms = bulk("ZnS", "zincblende", 5.41, cubic=True)
    before = clusters(structure(atoms, [4]))[0]
    atoms.positions += 17.3
    after = clusters(structure(atoms, [4]))[0]
    np.testing.assert_array_equal(before["numbers"], after["numbers"])
    np.testing.assert_allclose(before["positions"], after["positions"], atol=1e-4)


def test_a_supercell_has_the_clusters_of_its_cell():
    from ase.build import bulk

    atoms = bulk("ZnS", "zincblende", 5.41)
    small = clusters(structure(atoms, [1]))[0]
    large = clusters(structure(atoms * (3, 2, 2), [1]))[0]
    np.testing.assert_array_equal(small["numbers"], large["numbers"])
    np.testing.assert_allclose(small["positions"], large["positions"], atol=1e-4)


def test_a_slab_has_no_copies_above_and_below():
    from ase.build import fcc111

    slab = fcc111("Cu", (2, 2, 3), a=3.6, vacuum=5.0)
    slab.pbc = (True, True, False)
    surface = clusters(structure(slab, [11]))[0]
    assert surface["positions"][:, 2].max() < 0.01
    slab.pbc = True
    slab.cell[2, 2] = 6.3  # three layers more, and the surface is gone
    inside = clusters(structure(slab, [11]))[0]
    assert len(inside["numbers"]) > len(surface["numbers"])


def test_every_site_of_a_cell_of_400_atoms_has_its_cluster():
    from ase.build import bulk

    atoms = (bulk("CuO", "rocksalt", 4.2, cubic=True) * (5, 5, 2))[:400]
    atoms.rattle(0.05, seed=1)
    sites = np.flatnonzero(atoms.numbers == 29)
    assert len(clusters(structure(atoms, sites.tolist()))) == len(sites) == 200


def test_padded_sites_have_no_cluster():
    atoms = ase.Atoms("SH2", [[0, 0, 0], [0, 0, 1.3], [1.3, 0, 0]])
    assert len(clusters(structure(atoms, [0, -1, -1]))) == 1


def test_a_crowd_of_atoms_is_refused():
    random = np.random.default_rng(0)
    atoms = ase.Atoms([16] * (MOST_NEIGHBOURS + 2), random.uniform(0, 1, (MOST_NEIGHBOURS + 2, 3)))
    with pytest.raises(InputError, match="are the positions in Angstrom"):
        clusters(structure(atoms, [0]))


def test_a_cell_with_too_many_copies_is_refused():
    atoms = ase.Atoms(
        [16] * 2000,
        np.random.default_rng(0).uniform(0, 1, (2000, 3)),
        cell=[0.01, 0.01, 0.01],
        pbc=True,
    )
    with pytest.raises(InputError, match="copies of atoms"):
        clusters(structure(atoms, [0]))
