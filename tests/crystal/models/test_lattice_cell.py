"""A cell is read off its image, becomes six numbers, and comes back."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xmodkit_crystal.geometry import cell_of_parameters  # noqa: E402
from xmodkit_crystal.models.lattice.cell import CellCode, CellOfImage  # noqa: E402
from xmodkit_crystal.voxels import cell_image  # noqa: E402

CELLS = [
    ([4.1, 4.1, 4.1], [90, 90, 90]),
    ([2.6, 2.6, 9.8], [90, 90, 120]),
    ([3.3, 5.1, 7.2], [75, 100, 65]),
    ([3.6, 11.5, 4.4], [90, 90, 90]),
]


@pytest.mark.parametrize(("lengths", "angles"), CELLS)
def test_the_cell_of_a_perfect_image_is_exact(lengths, angles):
    cell = cell_of_parameters(lengths, angles)
    image = torch.from_numpy(cell_image(cell))[None]
    found = CellOfImage()(image)[0].numpy()
    np.testing.assert_allclose(found, cell, atol=2e-3)


def test_noise_moves_the_cell_little():
    cell = cell_of_parameters([4.0, 5.0, 6.0], [80, 95, 100])
    noise = np.random.default_rng(0).normal(0, 1e-3, (32, 32, 32)).astype(np.float32)
    image = torch.from_numpy(cell_image(cell) + noise)[None]
    np.testing.assert_allclose(CellOfImage()(image)[0].numpy(), cell, atol=0.03)


def test_six_numbers_are_a_cell_whatever_they_are():
    code = CellCode()
    cells = code.decode(3 * torch.randn(50, 6, generator=torch.Generator().manual_seed(0)))
    assert (torch.linalg.det(cells) > 0).all()


def test_cells_come_back_from_their_numbers():
    cells = torch.stack([torch.from_numpy(cell_of_parameters(*c)).float() for c in CELLS])
    code = CellCode()
    code.fit(cells)
    numbers = code.encode(cells)
    np.testing.assert_allclose(numbers.mean(dim=0), 0, atol=1e-5)
    np.testing.assert_allclose(code.decode(numbers), cells, atol=1e-4)
