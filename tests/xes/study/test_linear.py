"""Partial least squares finds a planted direction; principal components find the widest one."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit_xes.study.linear import fit_pca, fit_pls, line

pytest.importorskip("sklearn")


@pytest.fixture
def planted() -> tuple[np.ndarray, np.ndarray]:
    """Return features, the first of them the widest, and targets that follow the second."""
    x = np.random.default_rng(0).normal(size=(300, 4)) * [3, 1, 1, 1]
    return x, np.outer(x[:, 1], [1.0, -2.0, 0.5])


def test_partial_least_squares_points_along_what_matters(planted: tuple):
    x, y = planted
    fitted = fit_pls(x, y, 2)
    left = ((fitted.decode(fitted.transform(x)) - y) ** 2).sum() / (y**2).sum()
    assert left < 0.05
    assert np.linalg.norm(fitted.basis, axis=1) == pytest.approx([1, 1])
    assert abs(fit_pls(x, y, 1).basis[0, 1]) > 0.9


def test_principal_components_point_along_what_varies(planted: tuple):
    x, y = planted
    fitted = fit_pca(x, 1, lambda t: line(t, y))
    assert abs(fitted.basis[0, 0]) > 0.99
    covered = 1 - ((fitted.decode(fitted.transform(x)) - y) ** 2).sum() / (y**2).sum()
    assert covered < 0.1
