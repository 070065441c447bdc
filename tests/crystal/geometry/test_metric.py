import numpy as np
import pytest

from xmodkit.errors import DataError
from xmodkit_crystal.geometry import cell_of_metric, cell_of_parameters, standard_orientation
from xmodkit_crystal.structure import Crystal


def test_lengths_and_angles_come_back_from_their_cell() -> None:
    cell = cell_of_parameters((3.0, 4.0, 5.0), (70, 95, 120))
    crystal = Crystal(np.zeros(0, int), np.zeros((0, 3)), cell)
    np.testing.assert_allclose(crystal.lengths, (3, 4, 5))
    np.testing.assert_allclose(crystal.angles, (70, 95, 120))


def test_a_turned_cell_comes_back_to_standard_orientation() -> None:
    cell = cell_of_parameters((3.0, 4.0, 5.0), (70, 95, 120))
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    np.testing.assert_allclose(standard_orientation(cell @ turn), cell, atol=1e-12)
    assert (cell[np.triu_indices(3, 1)] == 0).all()
    assert np.linalg.det(cell) > 0


def test_angles_that_close_no_cell_are_refused() -> None:
    with pytest.raises(DataError, match="must span a volume"):
        cell_of_parameters((3.0, 4.0, 5.0), (50, 50, 120))
    with pytest.raises(DataError, match="no cell has the metric"):
        cell_of_metric(np.diag([1.0, 1.0, -1.0]))
