"""Energies that follow from the formula alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from xmodkit.pair import Sample
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.report import crystal_baselines
from xmodkit_crystal.report.baselines import element_shares

pytest.importorskip("sklearn")

PAIR = CrystalPair()
LATENT = PAIR.route("crystal:latent")
ENERGIES = (-0.4, 0.1, 0.9, 1.6)  # of the four metals


@pytest.fixture
def training(make: Callable[..., Sample]) -> list[Sample]:
    """Return crystals whose energy is their metal's, of some unknown, of some NaN."""
    known = [make(i, ENERGIES[i % 4]) for i in range(24)]
    return [*known, make(24), make(25, float("nan"))]


def test_what_follows_from_the_elements_is_predicted(
    training: list[Sample], make: Callable[..., Sample]
) -> None:
    test = [make(i) for i in range(4)]
    found = crystal_baselines(LATENT, training, test)
    assert set(found) == {"ridge on composition", "nearest by composition"}
    for fields in found.values():
        assert fields["formation_energy"].dtype == np.float32
        np.testing.assert_allclose(fields["formation_energy"], ENERGIES, atol=0.01)


def test_of_equally_near_crystals_the_mean_is_taken(make: Callable[..., Sample]) -> None:
    training = [make(0, 1.0), make(4, 2.0), make(1, 9.0)]  # the first two are both of Ti and O
    (energy,) = crystal_baselines(LATENT, training, [make(8)])["nearest by composition"].values()
    np.testing.assert_allclose(energy, [1.5])


def test_elements_never_seen_count_as_others(make: Callable[..., Sample]) -> None:
    shares = element_shares([make(0)], np.array([8, 23]))
    np.testing.assert_allclose(shares, [[0.5, 0.0, 0.5]])


@pytest.mark.parametrize("route", ["crystal:crystal", "latent:crystal"])
def test_crystals_have_no_baseline(training: list[Sample], route: str) -> None:
    assert crystal_baselines(PAIR.route(route), training, training) == {}


def test_without_any_known_energy_there_is_no_baseline(make: Callable[..., Sample]) -> None:
    nothing = [make(i) for i in range(3)]
    assert crystal_baselines(LATENT, nothing, nothing) == {}
    assert crystal_baselines(PAIR.route("latent:stability"), nothing, nothing) == {}
