"""Internal coordinates, radial shells, and how features are standardised."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.errors import DataError, UsageError
from xmodkit_xes.study.descriptor import Standard, descriptor
from xmodkit_xes.study.internal import InternalCoordinates
from xmodkit_xes.study.shells import Shells

pytest.importorskip("ase")
WATER = np.array([[8, 1, 1]], np.int32)


def test_internal_coordinates_are_short_bond_long_bond_and_angle():
    angle = np.radians(104.5)
    positions = np.array([[[0, 0, 0], [1.1, 0, 0], [0.9 * np.cos(angle), 0.9 * np.sin(angle), 0]]])
    features = InternalCoordinates(WATER)(WATER, positions)
    assert features[0] == pytest.approx([0.9, 1.1, 104.5])


def test_the_default_suits_the_clusters():
    assert descriptor(None, WATER, 6).name == "internal"
    assert descriptor(None, np.array([[16, 8, 6, 1]], np.int32), 6).name == "coulomb"


def test_internal_coordinates_of_something_else_are_refused():
    with pytest.raises(DataError, match="triatomic"):
        descriptor("internal", np.array([[16, 8, 6, 1]], np.int32), 6)
    with pytest.raises(DataError, match="one triatomic"):
        descriptor("internal", np.array([[8, 1, 1], [8, 1, 9]], np.int32), 6)
    with pytest.raises(UsageError, match="coulomb"):
        descriptor("soap", WATER, 6)


def test_shells_see_a_neighbour_at_its_distance_and_nothing_beyond_the_cut_off():
    numbers = np.array([[29, 8, 0], [29, 8, 8]], np.int32)
    positions = np.zeros((2, 3, 3))
    positions[:, 1, 0], positions[1, 2, 1] = 2.0, 6.5
    near, far = Shells()(numbers, positions)
    assert np.array_equal(near, far)
    assert Shells.names[int(near[:22].argmax())] == "number at 2.0 Å"
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    assert Shells()(numbers, positions @ rotation) == pytest.approx(np.stack([near, far]))


def test_a_constant_feature_is_zero_and_a_rare_one_is_clipped():
    training = np.zeros((400, 2))
    training[0, 0] = 1.0
    training[:, 1] = 7.0
    standard = Standard(training, 3.5)
    assert standard(np.array([[1.0, 7.0], [0.0, 8.0]])).tolist() == [
        [3.5, 0.0],
        [pytest.approx(-0.05, abs=0.01), 0.0],
    ]


def test_features_that_are_not_finite_are_refused():
    with pytest.raises(DataError, match="not finite"):
        Standard(np.array([[np.inf], [1.0]]), None)
