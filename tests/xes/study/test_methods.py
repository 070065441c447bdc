"""Every method learns a planted direction, and a search gives each network its own settings."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from xmodkit_xes.study import methods
from xmodkit_xes.study.methods import EMULATOR, METHODS, NETWORKS, Methods

UNITS = [str(i // 2) for i in range(160)]


@pytest.fixture
def bent() -> tuple[np.ndarray, np.ndarray]:
    """Return features, and targets that bend along the diagonal of the first two."""
    x = np.random.default_rng(0).normal(size=(160, 3))
    t = (x[:, 0] + x[:, 1]) / np.sqrt(2)
    return x, np.column_stack([np.tanh(2 * t), t**2 - 1])


def test_a_bent_dependence_on_one_direction_is_found(bent: tuple):
    x, y = bent
    found = Methods(x, y, UNITS, (1,), seed=0, search=0)
    covered = {}
    for method in METHODS:
        fitted = found.fit(method, 1)
        covered[method] = 1 - ((fitted.decode(fitted.transform(x)) - y) ** 2).sum() / (y**2).sum()
    assert min(covered[method] for method in NETWORKS) > 0.9
    assert max(covered[method] for method in ("PLS", "PCA", "PCA+MLP")) < 0.7
    for method in ("NNCA", "ECA"):
        basis = found.fit(method, 1).basis
        assert basis is not None
        assert abs(basis[0]) == pytest.approx([0.707, 0.707, 0], abs=0.1)
    assert found.settings("NNCA", 1) == {}


def test_a_search_chooses_for_each_network(bent: tuple, monkeypatch: pytest.MonkeyPatch):
    space = {"width": (8, 16), "depth": (1,), "epochs": (1,), "starts": (1,), "polish": (0,)}
    monkeypatch.setattr(methods, "SPACE", {**space, "nodes": ((),)})
    x, y = bent
    found = Methods(x, y, UNITS, (1,), seed=0, search=2)
    for method, k in ((EMULATOR, 0), *((method, 1) for method in (*NETWORKS, "PCA+MLP"))):
        assert found.settings(method, k)["width"] in (8, 16)
    assert found.settings("PLS", 1) == {}
    assert found.fit("EDNN", 1).transform(x).shape == (160, 1)
