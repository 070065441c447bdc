"""Latents are drawn where the model file says that crystals lie, and end with the elements."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.errors import ModelFileError, UsageError
from xmodkit_crystal.generate.space import LatentSpace

CLUSTERS = {
    "mean": [5.0, -5.0],
    "basis": [[0.0, 1.0]],
    "species": [2, 3, 3],
    "weight": [1.0, 0.75, 0.25],
    "middle": [[3.0], [-9.0], [9.0]],
    "axes": [[[0.5], [0.0]], [[0.0], [0.0]], [[0.0], [0.0]]],
}


def test_without_details_all_but_the_elements_is_standard_normal(fake: type):
    space = LatentSpace.of(fake(size=505))
    z = space.random(400, 0, 2)
    assert (z.shape, space.start) == ((400, 500), 500)
    assert abs(z.mean()) < 0.01
    assert z.std() == pytest.approx(1, abs=0.01)


def test_details_say_where_crystals_lie(fake: type):
    """Clusters of as many species are drawn from by their weights, along their axes."""
    space = LatentSpace.of(fake({"latents": CLUSTERS, "elements": ["V", "O"]}, size=7))
    z = space.random(500, 3, 2)
    np.testing.assert_array_equal(z[:, 0], 5)
    assert z[:, 1].mean() == pytest.approx(-2, abs=0.1)
    assert z[:, 1].std() == pytest.approx(0.5, rel=0.15)
    assert space.elements == (8, 23)
    thirds = space.random(400, 3, 3)[:, 1]
    assert set(thirds) == {-14.0, 4.0}
    assert (thirds == 4).mean() == pytest.approx(0.25, abs=0.1)


def test_what_the_model_knows_too_few_of_is_not_drawn(fake: type):
    space = LatentSpace.of(fake({"latents": CLUSTERS}, size=7))
    with pytest.raises(UsageError, match=r"4 of --elements.*as many as 2, 3"):
        space.random(1, 0, 4)
    with pytest.raises(UsageError, match="--elements is missing"):
        space.random(1, 0, 0)
    none = {"species": [], "weight": [], "middle": np.zeros((0, 1)), "axes": np.zeros((0, 2, 1))}
    space = LatentSpace.of(fake({"latents": {**CLUSTERS, **none}}, size=7))
    with pytest.raises(UsageError, match="--between"):
        space.random(1, 0, 2)


def test_a_seed_and_a_number_make_a_latent_however_many_are_drawn(fake: type):
    space = LatentSpace.of(fake())
    np.testing.assert_array_equal(space.random(9, 1, 2)[:4], space.random(4, 1, 2))
    assert (space.random(4, 1, 2) != space.random(4, 2, 2)).all()


def test_vectors_end_with_atomic_numbers_in_the_order_of_slots(fake: type):
    vectors = LatentSpace.of(fake()).vectors(np.zeros((2, 4)), (8, 23))
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors[:, 4:], [[8, 23, 0, 0, 0]] * 2)


def test_codes_of_elements_stand_where_the_details_say(fake: type):
    """Rows of a table by atomic number; taking them out gives z again."""
    table = np.random.default_rng(0).normal(size=(119, 2)).round(3)
    details = {"element_codes": {"start": 1, "table": table.tolist()}}
    space = LatentSpace.of(fake(details, size=13))
    z = space.random(6, 0, 2)
    vectors = space.vectors(z, (8, 23))
    np.testing.assert_allclose(vectors[3, 1:11], table[[8, 23, 0, 0, 0]].ravel(), rtol=1e-6)
    np.testing.assert_allclose(space.without_elements(vectors), z, rtol=1e-6)


def test_places_go_with_their_elements_where_these_do_not_ascend(fake: type):
    """Cl in the first slot and Na in the second: Na comes first, and takes its places with it."""
    details = {"element_codes": {"start": 1, "table": np.eye(119).tolist(), "places": 2}}
    space = LatentSpace.of(fake(details, size=1 + 5 * 119 + 10))
    z = np.arange(11.0)[None]
    vector = space.vectors(z, (17, 11))[0]
    codes = vector[1 : 1 + 5 * 119].reshape(5, 119).argmax(axis=1)
    assert codes.tolist() == [11, 17, 0, 0, 0]
    np.testing.assert_array_equal(vector[-10:], [3, 4, 1, 2, 5, 6, 7, 8, 9, 10])
    np.testing.assert_array_equal(space.vectors(z, (11, 17))[0, -10:], z[0, 1:])


def test_elements_that_nobody_named_are_asked_for(fake: type):
    with pytest.raises(UsageError, match="--elements is missing"):
        LatentSpace.of(fake()).vectors(np.zeros((1, 4)), ())


@pytest.mark.parametrize(
    ("size", "details"),
    [
        (None, {}),
        (3, {}),
        (5, {}),
        (9, {"latents": CLUSTERS}),
        (7, {"latents": {**CLUSTERS, "basis": [[1.0]]}}),
        (7, {"latents": {"mean": [0.0, 0.0], "basis": [[1.0, 0.0]]}}),
        (9, {"elements": ["Vx"]}),
        (9, {"element_codes": {"start": 0, "table": [[1.0]]}}),
        (9, {"element_codes": {"start": 7, "table": [[1.0]] * 119}}),
        (9, {"element_codes": {"start": 0, "table": [[1.0]] * 119, "places": 2}}),
    ],
)
def test_a_file_that_does_not_say_enough_or_contradicts_itself_is_refused(
    fake: type, size: int | None, details: dict
):
    with pytest.raises(ModelFileError, match="export"):
        LatentSpace.of(fake(details, size=size))
