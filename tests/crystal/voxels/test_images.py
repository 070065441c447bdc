from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from xmodkit_crystal.geometry import cell_of_parameters
from xmodkit_crystal.structure import Crystal
from xmodkit_crystal.voxels import cell_image, cut_radius, species_images

SLANTED = cell_of_parameters((3.1, 4.2, 2.6), (61, 74, 112))


def crystal(numbers: list[int], positions: NDArray[np.float64]) -> Crystal:
    return Crystal(np.array(numbers), positions / 20, 20 * np.eye(3))


@pytest.mark.parametrize("cell", [SLANTED, cell_of_parameters((1.1, 5, 5), (80, 90, 100))])
@pytest.mark.parametrize(("size", "sigma"), [(32, 0.26), (16, 0.4)])
def test_a_cell_image_holds_distances_to_the_nearest_image_of_the_middle(
    cell: NDArray[np.float64], size: int, sigma: float
) -> None:
    steps = np.arange(size) / size - 0.5
    offsets = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    squared = np.min(
        [
            (((offsets + shift) @ cell) ** 2).sum(-1)
            for shift in product((-2, -1, 0, 1, 2), repeat=3)
        ],
        axis=0,
    )
    expected = np.exp(-squared / (2 * sigma**2))
    expected[expected < 0.02] = 0
    np.testing.assert_allclose(cell_image(cell, size, sigma), expected, atol=1e-6)


def test_species_images_are_sums_over_atoms_that_end_at_the_cut() -> None:
    rng = np.random.default_rng(0)
    numbers = [8, 23, 8, 8, 23]
    atoms = crystal(numbers, rng.uniform(0, 6, (5, 3)))
    found, images = species_images(atoms, size=48, edge=12.0, sigma=0.3)
    grid = np.arange(48) * 0.25
    expected = np.zeros((2, 48, 48, 48))
    for number, place in zip(numbers, atoms.cartesian - atoms.cartesian.mean(0) + 6, strict=True):
        x, y, z = ((grid - at + 6) % 12 - 6 for at in place)
        one = np.exp(-(x[:, None, None] ** 2 + y[:, None] ** 2 + z**2) / (2 * 0.3**2))
        expected[[8, 23].index(number)] += np.where(one < 0.02, 0, one)
    assert found == (8, 23)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, expected, atol=1e-6)


def test_the_mean_of_positions_sits_in_the_middle_wherever_the_crystal_lies() -> None:
    places = np.array([[0.0, 0, 0], [2, 0, 0], [0, 3, 1]])
    _, here = species_images(crystal([8, 8, 8], places))
    _, there = species_images(crystal([8, 8, 8], places + np.array([3.3, -40.2, 0.01])))
    np.testing.assert_allclose(here, there, atol=1e-6)
    weights = here[0] / here[0].sum()
    centre = [(weights * axis).sum() for axis in np.indices(here[0].shape)]
    np.testing.assert_allclose(centre, 32, atol=0.03)  # of a voxel: blobs are cut off


def test_an_atom_reaches_across_the_border_of_the_cube() -> None:
    _, images = species_images(crystal([8, 8], np.array([[0.0, 0, 0], [14.9, 0, 0]])))
    line = images[0, :, 32, 32]
    assert line[0] > 0.5
    assert line[-1] > 0.5


def test_the_image_of_an_atom_ends_at_its_cut_radius() -> None:
    assert cut_radius(0.26) == pytest.approx(0.727, abs=1e-3)
    assert np.exp(-(cut_radius(0.4) ** 2) / (2 * 0.4**2)) == pytest.approx(0.02)
