"""EDNN, NNCA and ECA as functions of arrays find what spectra depend on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from xmodkit.errors import UsageError  # noqa: E402
from xmodkit_xes.models.blocks import Mlp, Projection  # noqa: E402
from xmodkit_xes.models.components import Fitter, Plan, fit_eca, fit_emulator  # noqa: E402
from xmodkit_xes.models.directions import directions, folded  # noqa: E402
from xmodkit_xes.models.search import unexplained  # noqa: E402

PLAN = Plan(width=48, depth=2, epochs=30, starts=1, polish=20)


def r2(truth: NDArray[Any], found: NDArray[Any]) -> float:
    """Return the pooled R2."""
    return float(1 - ((truth - found) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum())


@pytest.fixture(scope="module")
def fitter(water: Any) -> Fitter:
    """Return a fitter of the first 300 molecules."""
    return Fitter(water.features[:300], water.spectra[:300], 0, PLAN)


def test_each_more_general_method_covers_at_least_as_much(fitter: Fitter, water: Any) -> None:
    """On the rows that choose, EDNN is not below NNCA, nor NNCA below ECA; all are below 1."""
    rows = fitter.rows
    methods = (fitter.ednn(1), fitter.nnca(1), fitter.eca(1))
    with torch.no_grad():
        left = [float(unexplained(m.network(rows.held_x), rows.held_y)) for m in methods]
    assert 0 < left[0] <= left[1] * (1 + 1e-4) <= left[2] * (1 + 1e-3)


def test_two_components_tell_what_depends_on_two_parameters(fitter: Fitter, water: Any) -> None:
    """The bonds' sum and the angle explain rows that were not learned from; one does not."""
    x, y = water.features[300:], water.spectra[300:]
    found = fitter.nnca(2)
    assert r2(y, found.predict(x)) > 0.93
    assert r2(y, fitter.nnca(1).predict(x)) < 0.9
    assert found.basis is not None
    # The bonds' difference is in neither vector.
    z = np.array([1.0, -1.0, 0.0]) / np.sqrt(2)
    assert np.abs(found.basis @ z).max() < 0.3


@pytest.mark.parametrize("method", ["eca", "nnca"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_vectors_are_orthonormal(fitter: Fitter, method: str, k: int) -> None:
    """V V' is the identity, as far as single precision goes; k may be the number of features."""
    basis = getattr(fitter, method)(k).basis
    np.testing.assert_allclose(basis @ basis.T, np.eye(k), atol=1e-5)


def test_scores_expand_to_features_that_have_these_scores(fitter: Fitter, water: Any) -> None:
    """transform(expand(t)) = t; with all components the features themselves come back."""
    x = water.features[:20]
    for k in (1, 3):
        found = fitter.eca(k)
        t = found.transform(x)
        np.testing.assert_allclose(found.transform(found.expand(t)), t, atol=1e-4)
    np.testing.assert_allclose(fitter.eca(3).expand(t), x, atol=1e-2)


def test_nonlinear_scores_cannot_be_expanded(fitter: Fitter) -> None:
    """EDNN has no vectors, and says so."""
    assert fitter.ednn(1).basis is None
    with pytest.raises(UsageError, match="not linear"):
        fitter.ednn(1).expand(np.zeros((1, 1)))


def test_the_first_component_of_nnca_alone_covers_most(fitter: Fitter) -> None:
    """Afterwards the components are in the order of what each covers by itself."""
    from xmodkit_xes.models.ranking import single_losses

    losses = single_losses(fitter.nnca(2).network, fitter.rows.x, fitter.rows.y)
    assert losses[0] <= losses[1]


def test_a_seed_gives_the_same_components_again(water: Any) -> None:
    """Nothing depends on what was drawn before; another seed gives other draws."""
    x, y = water.features[:120], water.spectra[:120]
    small = {"width": 16, "depth": 2, "epochs": 4, "polish": 20}
    one = fit_eca(x, y, 2, seed=4, **small)
    torch.manual_seed(99)
    again, other = fit_eca(x, y, 2, seed=4, **small), fit_eca(x, y, 2, seed=5, **small)
    np.testing.assert_array_equal(one.predict(x), again.predict(x))
    assert np.abs(one.predict(x) - other.predict(x)).max() > 0


def test_too_many_components_are_refused(fitter: Fitter) -> None:
    """More components than features are answered by what is possible."""
    with pytest.raises(UsageError, match="1 to 3"):
        fitter.nnca(4)


def test_an_emulator_needs_few_rows_of_few_features(water: Any) -> None:
    """Fewer rows than channels, one of them constant, still give a fit."""
    y = water.spectra[:20].copy()
    y[:, 3] = 1.0
    found = fit_emulator(water.features[:20], y, width=16, depth=2, epochs=5, polish=20)
    np.testing.assert_allclose(found.predict(water.features[:5])[:, 3], 1.0, atol=1e-5)


def test_a_folded_emulator_says_what_the_emulator_says_of_projected_features() -> None:
    """decoder(t) = emulator(t V)."""
    torch.manual_seed(0)
    emulator, basis = Mlp((6, 10, 4)), Projection(6, 2).basis()[0]
    t = torch.randn(7, 2)
    torch.testing.assert_close(folded(emulator, basis)(t), emulator(t @ basis))


def test_directions_find_the_only_one_that_matters() -> None:
    """Of a function of one direction, the first vector is that direction."""
    torch.manual_seed(1)
    along = torch.nn.functional.normalize(torch.randn(6), dim=0)
    emulator = Mlp((6, 24, 3))
    with torch.no_grad():
        emulator.weights[0][0] = along[:, None] * emulator.weights[0][0, :1]
        x = torch.randn(400, 6)
        y = emulator(x)[0]
    found = directions(emulator, x, y, 2)
    assert abs(float(found[0] @ along)) > 0.999
    assert abs(float(found[0] @ found[1])) < 1e-6
