import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit_crystal.geometry import cell_of_parameters
from xmodkit_crystal.inverse import cell_of, fit_cell
from xmodkit_crystal.structure import Crystal
from xmodkit_crystal.voxels import cell_image

Floats = NDArray[np.float64]


def random_cell(rng: np.random.Generator) -> Floats:
    while True:
        angles = rng.uniform(50, 130, 3)
        alpha, beta, gamma = np.cos(np.radians(angles))
        if 1 + 2 * alpha * beta * gamma - alpha**2 - beta**2 - gamma**2 > 0.01:
            return cell_of_parameters(rng.uniform(2.5, 10, 3), angles)


def spoilt(image: NDArray[np.floating], noise: float, rng: np.random.Generator) -> Floats:
    noisy = image + noise * rng.normal(size=image.shape)
    return np.where(noisy < 0.02, 0, noisy)


def errors(noise: float, count: int, peak: float = 1.0) -> tuple[Floats, Floats]:
    """Return errors of lengths in A and of angles in degrees, (count, 3) each."""
    rng = np.random.default_rng(5)
    lengths, angles = [], []
    for _ in range(count):
        cell = random_cell(rng)
        found, truth = (
            Crystal(np.zeros(0, int), np.zeros((0, 3)), each)
            for each in (cell_of(spoilt(peak * cell_image(cell), noise, rng)), cell)
        )
        lengths.append(found.lengths - truth.lengths)
        angles.append(found.angles - truth.angles)
    return np.abs(lengths), np.abs(angles)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), peak=st.floats(0.7, 1.0))
def test_a_perfect_image_gives_its_cell_exactly(seed: int, peak: float) -> None:
    cell = random_cell(np.random.default_rng(seed))
    np.testing.assert_allclose(cell_of(peak * cell_image(cell)), cell, atol=1e-4)


def test_noise_of_a_hundredth_costs_a_few_hundredths_of_an_angstrom() -> None:
    lengths, angles = errors(0.01, 40)
    assert lengths.mean() < 0.03
    assert angles.mean() < 0.3


def test_noise_of_three_hundredths_leaves_cells_usable() -> None:
    lengths, angles = errors(0.03, 40)
    usable = (lengths.mean(axis=1) < 0.2) & (angles.mean(axis=1) < 2)
    assert usable.mean() >= 0.95


def test_a_lower_peak_under_noise_does_not_stretch_the_cell() -> None:
    rng = np.random.default_rng(6)
    cell = cell_of_parameters((5, 6, 7), (80, 95, 105))
    ratios = [
        cell_of(spoilt(0.7 * cell_image(cell), 0.01, rng)).diagonal() / cell.diagonal()
        for _ in range(8)
    ]
    assert abs(np.mean(ratios) - 1) < 0.004


@pytest.mark.parametrize("blur", [0.8, 1.3])
def test_a_blur_scales_the_cell_and_a_caller_who_knows_it_gets_the_cell(blur: float) -> None:
    cell = cell_of_parameters((5, 6, 7), (80, 95, 105))
    image = cell_image(cell, sigma=blur * 0.26)
    np.testing.assert_allclose(cell_of(image), cell / blur, atol=1e-4)
    np.testing.assert_allclose(cell_of(image, sigma=blur * 0.26), cell, atol=1e-4)


def test_fewer_voxels_and_wider_atoms_do_as_well() -> None:
    cell = cell_of_parameters((3.6, 11.5, 4.4), (90, 90, 90))
    np.testing.assert_allclose(cell_of(cell_image(cell, 16, 0.5), 0.5), cell, atol=1e-4)


def test_a_flat_cell_whose_atom_meets_its_own_images_comes_back() -> None:
    cell = cell_of_parameters((2.5, 2.5, 9), (60, 62, 118))
    assert np.linalg.norm(np.linalg.inv(cell), axis=0).max() > 0.45  # 1/A: planes 2.2 A apart
    np.testing.assert_allclose(cell_of(cell_image(cell, sigma=0.5), 0.5), cell, atol=1e-4)


def test_the_fit_tells_peak_and_what_is_left_over() -> None:
    rng = np.random.default_rng(7)
    image = 0.8 * cell_image(cell_of_parameters((5, 6, 7), (80, 95, 105)))
    fit = fit_cell(spoilt(image, 0.01, rng))
    assert fit.amplitude == pytest.approx(0.8, abs=0.01)
    assert fit.misfit == pytest.approx(0.01, rel=0.3)
    assert fit.voxels > 50


def wedge() -> Floats:
    return np.asarray(np.indices((16,) * 3)[0] / 16.0)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.zeros((16, 16, 16)), "shows no cell"),
        (np.full((16, 16, 16), 0.5), "falls off|fall off"),
        (np.full((16, 16, 16), np.nan), "not finite"),
        (np.zeros((16, 16)), "shape \\(16, 16\\)"),
        (
            np.random.default_rng(0).random((16, 16, 16)) ** 4 + 0.1,
            "no blob|shows no cell|too sharp",
        ),
        (wedge(), "falls off|fall off|no blob"),
        (np.pad([[[1.0]]], (8, 7)), "shows no cell"),
    ],
)
def test_an_image_without_a_blob_is_refused(image: Floats, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        cell_of(image)
