"""Cleaning merges atoms found twice and drops stray anions, across cell borders too, and ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit_crystal.chemistry.cleaning import clean, drop_anions, merge
from xmodkit_crystal.chemistry.contacts import limits
from xmodkit_crystal.chemistry.distances import separations
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")

V, O = 23, 8  # noqa: E741 (their symbols)


def crystal(numbers: list[int], places: list[list[float]], edge: float = 6.0) -> Crystal:
    return Crystal(np.array(numbers), np.array(places) / edge, edge * np.eye(3))


def test_like_atoms_nearer_than_their_limit_become_one_at_their_mean() -> None:
    """V-V below 1.6 A and O-O below 1.3 A; those just beyond stay."""
    near = crystal([V, V, O, O], [[0, 0, 0], [1.5, 0, 0], [0, 3, 3], [0, 3, 4.2]])
    merged = merge(near)
    assert merged.numbers.tolist() == [V, O]
    np.testing.assert_allclose(merged.cartesian, [[0.75, 0, 0], [0, 3, 3.6]], atol=1e-12)
    apart = crystal([V, V, O, O], [[0, 0, 0], [1.7, 0, 0], [0, 3, 3], [0, 3, 4.4]])
    assert len(merge(apart)) == 4


def test_a_pair_across_the_border_is_a_pair() -> None:
    merged = merge(crystal([V, V], [[0.2, 0, 0], [5.8, 0, 0]]))
    np.testing.assert_allclose(np.mod(merged.cartesian + 1, 6), [[1, 1, 1]], atol=1e-12)


def test_three_in_a_row_merge_at_the_mean_of_all() -> None:
    """The mean of the nearest two counts twice when the third joins them."""
    merged = merge(crystal([V] * 3, [[0, 0, 0], [0.5, 0, 0], [1.3, 0, 0]]))
    np.testing.assert_allclose(merged.cartesian, [[0.6, 0, 0]], atol=1e-12)


def test_an_anion_nearer_than_its_limit_to_a_cation_goes() -> None:
    """V-O below 1.2 A, through an image too; the cation stays, and so do farther anions."""
    given_ = crystal([V, O, O, O], [[0, 0, 0], [1.1, 0, 0], [0, 5.0, 0], [0, 0, 2.0]])
    assert drop_anions(given_).numbers.tolist() == [V, O]
    np.testing.assert_allclose(drop_anions(given_).cartesian[1], [0, 0, 2.0])


def test_atoms_too_near_their_own_images_are_left() -> None:
    """There is nothing to merge them with: the cell is wrong, not the atom."""
    assert len(clean(crystal([V], [[0, 0, 0]], edge=1.0))) == 1


@pytest.mark.parametrize("cell", [np.zeros((3, 3)), np.ones((3, 3)), np.full((3, 3), np.nan)])
def test_what_has_no_cell_comes_back_as_it_is(cell: np.ndarray) -> None:
    broken = Crystal(np.array([V, V]), np.zeros((2, 3)), cell)
    assert clean(broken) is broken


def test_no_atoms_stay_none() -> None:
    assert len(clean(Crystal(np.array([], int), np.zeros((0, 3)), np.eye(3)))) == 0


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 14),
    st.floats(2.0, 8.0),
    st.integers(0, 2**32 - 1),
)
def test_what_is_left_is_never_too_near(count: int, edge: float, seed: int) -> None:
    """It ends for crowded cells, and a second cleaning finds nothing more."""
    rng = np.random.default_rng(seed)
    crowded = Crystal(
        rng.choice([V, O, 22, 7], count),
        rng.random((count, 3)),
        edge * (np.eye(3) + 0.3 * rng.standard_normal((3, 3)) / 3),
    )
    cleaned = clean(crowded)
    near = separations(cleaned) < limits(cleaned.numbers)
    like = cleaned.numbers[:, None] == cleaned.numbers
    assert not (near & like & ~np.eye(len(cleaned), dtype=bool)).any()
    metal = np.isin(cleaned.numbers, [V, 22])
    assert not near[np.ix_(metal, ~metal)].any()
    assert len(clean(cleaned)) == len(cleaned)
    assert metal.any() or not np.isin(crowded.numbers, [V, 22]).any()


def test_the_order_of_atoms_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    given_ = Crystal(np.array([V] * 6), rng.random((6, 3)), 4.0 * np.eye(3))
    turned = Crystal(given_.numbers, given_.fractional[::-1], given_.cell)
    first, second = (np.mod(clean(one).fractional, 1) for one in (given_, turned))
    order = [np.lexsort(places.round(6).T) for places in (first, second)]
    np.testing.assert_allclose(first[order[0]], second[order[1]], atol=1e-9)
