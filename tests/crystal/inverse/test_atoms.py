import numpy as np
import pytest
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit_crystal.inverse import atoms_of
from xmodkit_crystal.structure import Crystal
from xmodkit_crystal.voxels import species_images

Floats = NDArray[np.float64]
EDGE = 15.0


def cluster(rng: np.random.Generator, atoms: int = 8, apart: float = 1.6) -> Crystal:
    places = np.zeros((0, 3))
    while len(places) < atoms:
        place = rng.uniform(0, 8, 3)
        if (np.linalg.norm(places - place, axis=1) > apart).all():
            places = np.vstack([places, place])
    return Crystal(np.full(atoms, 8), places / EDGE, EDGE * np.eye(3))


def error(found: Floats, truth: Crystal) -> float:
    """Return the largest distance from an atom to the nearest found one, in A."""
    true = truth.cartesian - truth.cartesian.mean(axis=0) + EDGE / 2
    apart = true[:, None] - found
    apart -= EDGE * np.rint(apart / EDGE)
    return float(np.linalg.norm(apart, axis=-1).min(axis=1).max())


@pytest.mark.parametrize(("size", "sigma"), [(64, 0.26), (32, 0.4), (32, 0.5)])
def test_atoms_of_a_perfect_image_are_exact(size: int, sigma: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(3):
        atoms = cluster(rng, apart=1.8)
        (peaks,) = atoms_of(species_images(atoms, size, EDGE, sigma)[1], EDGE, sigma)
        assert len(peaks) == len(atoms)
        assert error(peaks.positions, atoms) < 1e-3
        np.testing.assert_allclose(peaks.heights, 1, atol=1e-3)


@pytest.mark.parametrize(("size", "sigma", "most"), [(64, 0.26, 0.01), (32, 0.4, 0.02)])
@pytest.mark.parametrize(("blur", "peak"), [(1.0, 1.0), (1.3, 0.7), (0.8, 0.7)])
def test_noise_blur_and_low_peaks_move_atoms_by_a_hundredth(
    size: int, sigma: float, most: float, blur: float, peak: float
) -> None:
    rng = np.random.default_rng(1)
    atoms = cluster(rng, apart=1.8)
    image = peak * species_images(atoms, size, EDGE, blur * sigma)[1]
    noisy = image + 0.01 * rng.normal(size=image.shape)
    (peaks,) = atoms_of(np.where(noisy < 0.02, 0, noisy), EDGE, sigma)
    assert len(peaks) == len(atoms)
    assert error(peaks.positions, atoms) < most


def test_tails_of_near_atoms_do_not_pull_at_each_other() -> None:
    pair = Crystal(np.array([8, 8]), np.array([[0.0, 0, 0], [0.05, 0.06, 0.05]]), EDGE * np.eye(3))
    (peaks,) = atoms_of(species_images(pair, 32, EDGE, 0.4)[1], EDGE, 0.4)
    assert len(peaks) == 2
    assert error(peaks.positions, pair) < 0.005


def test_an_atom_half_way_between_voxels_is_one_atom() -> None:
    step = EDGE / 64
    pair = Crystal(
        np.array([8, 8]), np.array([[-1.0, 0, 0], [1, 0, 0]]) * 8.5 / 64, EDGE * np.eye(3)
    )
    image = species_images(pair)[1]
    assert image[0, 23, 32, 32] == pytest.approx(image[0, 24, 32, 32])
    (peaks,) = atoms_of(image)
    assert sorted(peaks.positions[:, 0]) == pytest.approx([23.5 * step, 40.5 * step], abs=1e-4)


def test_faint_and_surplus_peaks_are_left_out() -> None:
    atoms = cluster(np.random.default_rng(2), atoms=4)
    image = species_images(atoms)[1]
    faint = np.where(np.indices(image.shape)[1] < 32, image, 0.25 * image)
    (half,) = atoms_of(faint)
    assert 0 < len(half) < 4
    assert len(atoms_of(faint, threshold=0.2)[0]) == 4
    (two,) = atoms_of(image * [[[[1.0]]]], counts=[2])
    assert len(two) == 2


def test_species_without_atoms_have_no_peaks() -> None:
    atoms = cluster(np.random.default_rng(3), atoms=3)
    images = np.concatenate([np.zeros((1, 64, 64, 64), np.float32), species_images(atoms)[1]])
    none, some = atoms_of(images)
    assert none.positions.shape == (0, 3)
    assert len(some) == 3


def test_what_cannot_show_atoms_is_refused() -> None:
    with pytest.raises(DataError, match="use more voxels or wider atoms"):
        atoms_of(np.zeros((1, 32, 32, 32)), sigma=0.26)
    with pytest.raises(DataError, match="not finite"):
        atoms_of(np.full((1, 64, 64, 64), np.nan))
    with pytest.raises(DataError, match="shape"):
        atoms_of(np.zeros((64, 64, 64)))


def test_an_image_of_noise_is_refused_at_once():
    noise = np.random.default_rng(0).uniform(0, 1, (1, 32, 32, 32))
    with pytest.raises(DataError, match="noise, not atoms"):
        atoms_of(noise, 15.0, 0.4)
