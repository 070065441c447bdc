"""Copies of atoms in neighbouring cells are those within reach."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.structures.periodic import completed_cell, heights, images

CELL = np.array([[3.0, 0, 0], [1.5, 2.6, 0], [0.4, 0.3, 5.0]])
NOWHERE = np.zeros(3)


def test_every_copy_within_reach_is_found_once():
    positions = np.array([[0.1, 0.2, 0.3], [1.4, 0.9, 2.5]])
    copies, index, centres = images(positions, CELL, np.arange(2), 5.9)
    steps = np.stack(np.meshgrid(*[np.arange(-5, 6)] * 3), axis=-1).reshape(-1, 3) @ CELL
    for centre, place in zip(centres, positions, strict=True):
        for atom in range(2):
            every = np.linalg.norm(positions[atom] + steps - place, axis=1)
            found = np.linalg.norm(copies[index == atom] - centre, axis=1)
            np.testing.assert_allclose(
                np.sort(found[found <= 5.9]), np.sort(every[every <= 5.9]), atol=1e-9
            )


@pytest.mark.parametrize("periodic", [(True, True, True), (True, False, True), (False,) * 3])
def test_nothing_is_copied_along_directions_that_do_not_repeat(periodic: tuple[bool, ...]):
    cell = np.where(np.array(periodic)[:, None], np.diag([3.0, 4.0, 5.0]), 0.0)
    copies, _, centres = images(np.zeros((1, 3)), cell, np.arange(1), 5.9)
    moved = np.abs(copies - centres[0]).max(axis=0) > 1e-9
    assert moved.tolist() == list(periodic)


def test_a_layer_is_completed_by_its_normal():
    cell = completed_cell(np.array([CELL[0], CELL[1], NOWHERE]))
    np.testing.assert_allclose(np.abs(cell[2]), [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(heights(np.diag([2.0, 3.0, 4.0])), [2, 3, 4])
