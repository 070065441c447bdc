import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit_crystal.geometry import cell_of_parameters
from xmodkit_crystal.inverse import crystal_of
from xmodkit_crystal.structure import Crystal
from xmodkit_crystal.voxels import cell_image, species_images


def random_crystal(rng: np.random.Generator, apart: float = 1.6) -> Crystal:
    """Return a crystal whose atoms are `apart` A from each other, across borders too."""
    cell = cell_of_parameters(rng.uniform(4.5, 7, 3), rng.uniform(75, 105, 3))
    places = np.zeros((0, 3))
    for place in rng.random((30, 3)):
        near = places - place
        near -= np.rint(near)
        if len(places) < 6 and (np.linalg.norm(near @ cell, axis=1) > apart).all():
            places = np.vstack([places, place])
    numbers = np.sort(rng.choice([8, 23], len(places)))
    return Crystal(numbers, places, cell)


def misplaced(found: Crystal, truth: Crystal) -> float:
    """Return how far in A atoms lie from their own, once the origins agree."""
    centre = np.linalg.solve(truth.cell.T, truth.cell.sum(0) / 2)
    shift = centre - truth.fractional.mean(axis=0)
    apart = (truth.fractional + shift)[:, None] - found.fractional
    apart -= np.rint(apart)
    distances = np.linalg.norm(apart @ truth.cell, axis=-1)
    distances[truth.numbers[:, None] != found.numbers] = np.inf
    return float(distances.min(axis=1).max())


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_crystal_comes_back_from_its_images(seed: int) -> None:
    crystal = random_crystal(np.random.default_rng(seed))
    numbers, images = species_images(crystal)
    found = crystal_of(cell_image(crystal.cell), numbers, images)
    assert found.numbers.tolist() == crystal.numbers.tolist()
    np.testing.assert_allclose(found.cell, crystal.cell, atol=1e-4)
    assert misplaced(found, crystal) < 1e-3
    assert (found.fractional >= 0).all()
    assert (found.fractional < 1).all()


def test_a_crystal_comes_back_from_few_noisy_voxels() -> None:
    rng = np.random.default_rng(1)
    crystal = random_crystal(rng)
    numbers, images = species_images(crystal, 32, sigma=0.4)
    cell = cell_image(crystal.cell, 16, 0.5)

    def noisy(image: NDArray[np.float32]) -> NDArray[np.float64]:
        return image + 0.01 * rng.normal(size=image.shape)

    found = crystal_of(noisy(cell), numbers, noisy(images), sigma=0.4, cell_sigma=0.5)
    assert found.numbers.tolist() == crystal.numbers.tolist()
    assert misplaced(found, crystal) < 0.1


def test_atoms_beyond_the_border_of_the_cube_are_rejoined() -> None:
    """Three atoms at one end and one 12 A away: the mean leaves it outside the cube."""
    cell = np.diag([14.0, 4, 4])
    places = np.array([[0, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [12 / 14, 0.5, 0.5]])
    crystal = Crystal(np.array([8, 8, 8, 8]), places, cell)
    positions = crystal.cartesian[:, 0] - crystal.cartesian[:, 0].mean() + 7.5
    assert positions.max() > 15
    numbers, images = species_images(crystal)
    found = crystal_of(cell_image(cell, 48), numbers, images)
    assert misplaced(found, crystal) < 1e-3


def test_an_atom_seen_on_both_sides_of_the_cell_is_one() -> None:
    cell = 4 * np.eye(3)
    both = np.array([[0, 0, 0], [1, 0, 0], [0.5, 0.5, 0.5]])
    numbers, images = species_images(Crystal(np.array([8, 8, 8]), both, cell))
    assert len(crystal_of(cell_image(cell), numbers, images)) == 2


def test_images_without_atoms_are_refused() -> None:
    with pytest.raises(DataError, match="no atoms"):
        crystal_of(cell_image(4 * np.eye(3)), [8], np.zeros((1, 64, 64, 64)))
