"""A scene shows the atoms on all faces of the cell, their bonds, and does not mirror them."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_crystal.pictures.scene import scene_of
from xmodkit_crystal.structure import Crystal


def test_rocksalt_is_drawn_with_the_27_sites_of_its_cube_and_54_bonds(rocksalt: Crystal):
    scene = scene_of(rocksalt)
    assert (scene.numbers == 23).sum() == 14
    assert (scene.numbers == 8).sum() == 13
    assert len(scene.bonds) == 54
    assert all({23, 8} == set(scene.numbers[pair].tolist()) for pair in scene.bonds)


def test_atoms_a_little_off_a_face_are_repeated_on_the_other_side_of_it():
    for offset in (0.03, -0.03):
        crystal = Crystal(np.array([29]), np.array([[offset, 0.5, 0.5]]), 4 * np.eye(3))
        assert len(scene_of(crystal).places) == 2
    crystal = Crystal(np.array([29]), np.array([[0.2, 0.5, 0.5]]), 4 * np.eye(3))
    assert len(scene_of(crystal).places) == 1


def test_metals_are_bound_to_each_other_only_among_themselves():
    places = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    iron = Crystal(np.array([26, 26]), places, 2.87 * np.eye(3))
    assert len(scene_of(iron).bonds) >= 8
    salt = scene_of(Crystal(np.array([55, 17]), places, 4.12 * np.eye(3)))
    assert all({55, 17} == set(salt.numbers[pair].tolist()) for pair in salt.bonds)


@pytest.mark.parametrize("seed", range(4))
def test_the_view_turns_the_cell_without_changing_lengths_or_handedness(seed: int):
    cell = np.random.default_rng(seed).normal(0, 1, (3, 3)) + 4 * np.eye(3)
    scene = scene_of(Crystal(np.array([23]), np.array([[0.1, 0.2, 0.3]]), cell))
    seen = scene.axes[1:] - scene.axes[0]
    np.testing.assert_allclose(seen @ seen.T, cell @ cell.T)
    assert np.linalg.det(seen) == pytest.approx(np.linalg.det(cell))
    lengths = np.linalg.norm(scene.edges[:, 1] - scene.edges[:, 0], axis=1)
    np.testing.assert_allclose(np.sort(lengths), np.sort(np.linalg.norm(cell, axis=1).repeat(4)))


def test_we_look_along_the_shortest_edge_and_the_next_one_runs_to_the_right():
    cell = np.diag([11.5, 3.6, 4.4])
    scene = scene_of(Crystal(np.array([23]), np.zeros((1, 3)), cell))
    a, b, c = (scene.axes[1:] - scene.axes[0]) / np.diag(cell)[:, None]
    assert b[2] > 0.9
    assert c[0] > 0.9
    assert a[1] > 0.9
