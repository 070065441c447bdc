"""Coordination numbers are those a chemist counts."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_xes.study.parameters import coordination, leading, parameters, spearman

pytest.importorskip("ase")


@pytest.mark.parametrize(("count", "bond"), [(2, 1.80), (4, 1.45), (6, 1.57)])
def test_atoms_at_a_single_bond_count_one_each(count: int, bond: float):
    directions = np.vstack([np.eye(3), -np.eye(3)])[:count]
    numbers = np.array([[16, *[6 if count == 2 else 8] * count, 1, 0]], np.int32)
    positions = np.zeros((1, count + 3, 3))
    positions[0, 1 : count + 1] = bond * directions
    positions[0, count + 1] = [0, 0, 4.0]  # a hydrogen that is not bonded
    assert coordination(numbers, positions)[0] == pytest.approx(count, abs=0.15)
    assert parameters(numbers, positions)["mean bond / Å"][0] == pytest.approx(bond, abs=0.02)


def test_the_leading_parameter_is_the_one_that_a_score_follows():
    random = np.random.default_rng(0)
    value, other = random.normal(size=(2, 200))
    scores = np.column_stack([random.normal(size=200), -np.exp(value)])
    assert spearman(scores[:, 1], value) == pytest.approx(-1)
    assert leading(scores, {"other": other, "value": value}) == "value"
    assert spearman(np.ones(5), np.arange(5.0)) == 0
