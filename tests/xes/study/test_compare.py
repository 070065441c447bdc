"""Comparing methods keeps what was found, and leaves constant features out of vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from xmodkit_xes.study import methods
from xmodkit_xes.study.compare import Problem, compare
from xmodkit_xes.study.split import Parts

SMALL = {"width": 8, "depth": 1, "epochs": 2, "starts": 1, "polish": 0, "nodes": ()}


@pytest.fixture
def problem(monkeypatch: pytest.MonkeyPatch) -> Problem:
    """Return a small problem whose second feature is constant; networks hardly learn."""
    monkeypatch.setattr(methods, "SMALL", SMALL)
    x = np.random.default_rng(0).normal(size=(60, 3))
    x[:, 1] = 0
    y = x[:, :1] * [1.0, -1.0]
    parts = Parts(np.arange(45), np.arange(45, 60))
    return Problem(x, y, [str(i) for i in range(60)], parts, lambda z: z + 1, relative=True)


def test_what_is_kept_is_what_was_found_and_is_not_fitted_again(problem: Problem, tmp_path: Path):
    told: list[str] = []
    found = compare(
        problem, (1, 2), 0, folder=tmp_path, progress=lambda *said: told.append(said[2])
    )
    assert told[0] == "emulator"
    assert told[-1] == "PCA+MLP k=2"
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "fits").iterdir()}
    again = compare(problem, (1, 2), 0, folder=tmp_path)
    for one, other in zip(found, again, strict=True):
        assert (one.method, one.k, one.settings) == (other.method, other.k, other.settings)
        for name in ("errors", "scores", "basis", "path", "sensitivity"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
    assert {path: path.stat().st_mtime_ns for path in written} == written


def test_vectors_have_unit_length_and_nothing_on_a_constant_feature(problem: Problem):
    for fit in compare(problem, (1, 2), 0):
        if fit.k and fit.method != "EDNN":
            assert fit.basis.shape == (fit.k, 3)
            assert np.linalg.norm(fit.basis, axis=1) == pytest.approx(1, abs=1e-5)
            assert not fit.basis[:, 1].any()
        if (fit.method, fit.k) == ("PLS", 2):  # the planted dependence is linear
            assert fit.errors[problem.parts.test].max() < 1e-6
        if not fit.k:
            assert fit.sensitivity.shape == (3, 21)
            assert not fit.sensitivity[1].any()
