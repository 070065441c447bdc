import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit.errors import ModelFileError
from xmodkit_xes.inverse.features import Features

WATER = Features(
    ("short O-H / Å", "long O-H / Å", "angle H-O-H / degrees"),
    np.array([0.95, 1.05, 104.0]),
    np.array([0.06, 0.07, 10.0]),
    np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))[0],
)
bonds = st.floats(0.8, 1.4)


@given(bonds, bonds, st.floats(60, 179))
@settings(max_examples=50, deadline=None)
def test_scores_and_positions_give_back_bonds_and_angle(one: float, other: float, angle: float):
    features = np.array([one, other, angle])
    back = WATER.of_latent(WATER.to_latent(features))
    np.testing.assert_allclose(back, features, rtol=1e-9)
    centre, first, second = WATER.positions(back)
    lengths = np.linalg.norm([first - centre, second - centre], axis=1)
    cosine = first @ second / lengths.prod()
    np.testing.assert_allclose(lengths, [one, other], rtol=1e-9)
    assert np.degrees(np.arccos(cosine)) == pytest.approx(angle, abs=1e-5)
    across = np.linalg.norm(first - second)
    assert WATER.distances(back)["across"] == pytest.approx(across)


@given(bonds, bonds, st.floats(60, 179))
@settings(max_examples=50, deadline=None)
def test_folding_puts_the_shorter_bond_first_and_changes_no_parameter(one, other, angle) -> None:
    latent = WATER.to_latent(np.array([one, other, angle]))
    folded = WATER.fold(latent)
    short, long, _ = WATER.of_latent(folded)
    assert short <= long + 1e-9
    np.testing.assert_allclose(WATER.fold(folded), folded, atol=1e-9)
    before = WATER.parameters(WATER.of_latent(latent))
    after = WATER.parameters(WATER.of_latent(folded))
    np.testing.assert_allclose(list(after.values()), list(before.values()), atol=1e-9)


def test_a_decoder_of_fewer_scores_than_features_is_not_folded() -> None:
    flat = Features(WATER.names, WATER.mean, WATER.scale, WATER.basis[:2])
    latent = flat.to_latent(np.array([1.3, 0.9, 100.0]))
    np.testing.assert_array_equal(flat.fold(latent), latent)


def test_distances_are_read_off_a_coulomb_matrix() -> None:
    names = ("S*", "S*-O1", "S*-O2", "O1-O2")
    coulomb = Features(names, np.zeros(4), np.ones(4), np.eye(4))
    row = np.array([388.0, 128 / 1.43, 0.0, 64 / 2.48])
    assert coulomb.distances(row) == pytest.approx({"S*-O1": 1.43, "O1-O2": 2.48})
    assert coulomb.parameters(row) == {}
    assert coulomb.positions(row) is None


def test_details_that_do_not_fit_each_other_are_refused_in_one_line() -> None:
    details = {"features": ["a"], "feature_mean": [0], "feature_scale": [1], "basis": [[1, 0]]}
    with pytest.raises(ModelFileError, match=r"basis of shape \(1, 2\) given"):
        Features.of_details(details)
    with pytest.raises(ModelFileError, match="lack 'basis'"):
        Features.of_details({k: v for k, v in details.items() if k != "basis"})
