from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit.errors import DataError
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.structure import Crystal
from xmodkit_crystal.voxels import cell_image, species_images

pytest.importorskip("spglib")

Redescribe = Callable[[Crystal, np.random.Generator], Crystal]


def assert_same(found: Crystal, expected: Crystal, tolerance: float = 1e-5) -> None:
    assert found.numbers.tolist() == expected.numbers.tolist()
    np.testing.assert_allclose(found.cell, expected.cell, atol=tolerance)
    np.testing.assert_allclose(found.fractional, expected.fractional, atol=tolerance)


def test_descriptions_of_a_crystal_of_a_known_type_are_one(
    crystal: Crystal, redescribed: Redescribe
) -> None:
    rng = np.random.default_rng(1)
    expected = canonical(crystal)
    for _ in range(3):
        assert_same(canonical(redescribed(crystal, rng)), expected)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_descriptions_of_any_crystal_are_one(
    random_crystal: Callable[[np.random.Generator], Crystal],
    redescribed: Redescribe,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    crystal = random_crystal(rng)
    assert_same(canonical(redescribed(crystal, rng)), canonical(crystal))


def test_voxel_images_do_not_depend_on_the_description(
    crystal: Crystal, redescribed: Redescribe
) -> None:
    one, other = canonical(crystal), canonical(redescribed(crystal, np.random.default_rng(2)))
    np.testing.assert_allclose(cell_image(one.cell), cell_image(other.cell), atol=1e-4)
    assert species_images(one)[0] == species_images(other)[0]
    np.testing.assert_allclose(
        species_images(one, 32, sigma=0.5)[1], species_images(other, 32, sigma=0.5)[1], atol=1e-4
    )


def test_noise_far_below_the_tolerance_moves_the_result_no_more_than_itself(
    crystal: Crystal, redescribed: Redescribe
) -> None:
    rng = np.random.default_rng(3)
    other = redescribed(crystal, rng)
    noise = 2e-4 * rng.normal(size=(len(other), 3)) @ np.linalg.inv(other.cell)
    shaken = Crystal(other.numbers, other.fractional + noise, other.cell)
    assert_same(canonical(shaken), canonical(crystal), 2e-3)


def test_a_cell_that_is_cubic_but_for_noise_comes_out_cubic(known: Callable[..., Crystal]) -> None:
    perovskite = known("perovskite SrTiO3")
    for stretch in ([1.0003, 1, 1], [1, 0.9998, 1.0002]):
        strained = Crystal(
            perovskite.numbers, perovskite.fractional, perovskite.cell * np.array(stretch)
        )
        found = canonical(strained)
        assert np.ptp(found.lengths) < 1e-9
        np.testing.assert_allclose(found.angles, 90, atol=1e-9)


def test_enantiomorphs_stay_two_crystals(known: Callable[..., Crystal]) -> None:
    quartz = known("quartz")
    mirrored = Crystal(quartz.numbers, -quartz.fractional, quartz.cell)
    left, right = canonical(quartz), canonical(mirrored)
    np.testing.assert_allclose(left.cell, right.cell, atol=1e-6)
    assert np.abs(left.fractional - right.fractional).max() > 0.1


def test_a_crystal_with_a_centre_equals_its_mirror_image(known: Callable[..., Crystal]) -> None:
    corundum = known("corundum V2O3")
    mirrored = Crystal(corundum.numbers, -corundum.fractional, corundum.cell)
    assert_same(canonical(mirrored), canonical(corundum))


def test_the_result_is_primitive_in_standard_orientation_and_its_own_canonical_form(
    crystal: Crystal,
) -> None:
    found = canonical(crystal)
    assert (found.cell[np.triu_indices(3, 1)] == 0).all()
    assert (found.cell.diagonal() > 0).all()
    assert crystal.volume / len(crystal) == pytest.approx(found.volume / len(found))
    assert (found.fractional >= -0.07).all()
    assert (found.fractional < 0.93).all()
    rare = min(found.species, key=lambda number: (found.numbers == number).sum())
    assert np.abs(found.fractional[found.numbers == rare]).max(axis=1).min() < 1e-9
    assert_same(canonical(found), found)


@pytest.mark.parametrize(
    ("name", "atoms"), [("rocksalt VO", 2), ("corundum V2O3", 10), ("iron", 1), ("rutile VO2", 6)]
)
def test_the_cell_holds_as_many_atoms_as_a_primitive_one(
    known: Callable[..., Crystal], name: str, atoms: int
) -> None:
    assert len(canonical(known(name))) == atoms


def test_what_is_no_crystal_is_refused_on_one_line() -> None:
    def crystal(cell: object, *positions: tuple[float, float, float]) -> Crystal:
        places = np.array(positions, float).reshape(-1, 3)
        return Crystal(np.full(len(places), 8), places, np.asarray(cell, float))

    cube = 4 * np.eye(3)
    with pytest.raises(DataError, match="no atoms"):
        canonical(crystal(cube))
    with pytest.raises(DataError, match="not finite"):
        canonical(crystal(cube, (0, 0, np.nan)))
    with pytest.raises(DataError, match="1 atoms in 0 A"):
        canonical(crystal(np.ones((3, 3)), (0, 0, 0)))
    with pytest.raises(DataError, match="share a place"):
        canonical(crystal(cube, (0, 0, 0), (0, 0, 1e-4)))
    with pytest.raises(DataError, match="at most 200"):
        canonical(crystal(60 * np.eye(3), *np.random.default_rng(0).random((201, 3))), 1e-4)
