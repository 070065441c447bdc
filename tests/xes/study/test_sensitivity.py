"""Sensitivity is the share of the spectrum that one coordinate moves."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_xes.study.sensitivity import paths, sensitivity

STRONG = np.array([[3.0, 4.0], [0.0, 0.5]])


def test_it_is_zero_at_the_centre_and_linear_for_a_linear_spectrum():
    along = np.array([[-1.0, 0.0, 2.0]] * 2)
    found = sensitivity(lambda x: np.array([0.0, 2.0]) + x @ STRONG, np.zeros(2), along)
    assert found[0] == pytest.approx([2.5, 0, 5.0])
    assert found[1] == pytest.approx([0.25, 0, 0.5])


def test_standardised_channels_are_measured_in_standard_deviations():
    along = np.array([[1.0]] * 2)
    found = sensitivity(lambda x: x @ STRONG, np.zeros(2), along, relative=False)
    assert found[:, 0] == pytest.approx([5 / np.sqrt(2), 0.5 / np.sqrt(2)])


def test_axes_are_walked_over_what_training_rows_hold():
    along = paths(np.column_stack([np.arange(101.0), np.zeros(101)]))
    assert along[0][[0, -1]].tolist() == [1, 99]
    assert not along[1].any()
