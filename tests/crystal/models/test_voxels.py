"""Images drawn while training are those that readers draw."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xmodkit_crystal import voxels as drawn  # noqa: E402
from xmodkit_crystal.models.voxels import cell_images, species_images  # noqa: E402
from xmodkit_crystal.structure import Crystal  # noqa: E402

RUTILE = Crystal(
    np.array([8, 8, 8, 8, 23, 23]),
    np.array([
        [0.305, 0.305, 0], [0.695, 0.695, 0], [0.195, 0.805, 0.5], [0.805, 0.195, 0.5],
        [0, 0, 0], [0.5, 0.5, 0.5],
    ]),
    np.diag([4.55, 4.55, 2.85]),
)  # fmt: skip
TRICLINIC = np.array([[3.1, 0, 0], [-1.2, 4.0, 0], [0.8, -1.1, 5.5]])


@pytest.mark.parametrize("cell", [RUTILE.cell, TRICLINIC])
def test_a_cells_image_is_the_one_that_readers_draw(cell):
    expected = drawn.cell_image(cell)
    found = cell_images(torch.from_numpy(cell)[None].float())[0].numpy()
    _alike(found, expected)


def test_species_images_are_those_that_readers_draw():
    _, expected = drawn.species_images(RUTILE)
    positions = torch.from_numpy(RUTILE.cartesian - RUTILE.cartesian.mean(axis=0)).float()
    slots = torch.tensor([[0, 0, 0, 0, 1, 1, -1]])
    padded = torch.cat([positions, torch.zeros(1, 3)])[None]
    found = species_images(padded, slots, 3)[0].numpy()
    _alike(found[:2], expected)
    assert not found[2].any()


def _alike(found: np.ndarray, expected: np.ndarray) -> None:
    """Require equal images, but for voxels at the cut, which rounding may turn."""
    off = np.abs(found - expected)
    assert (off > 1e-4).mean() < 1e-4
    assert off.max() < 1.1 * drawn.CUT
