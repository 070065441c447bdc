"""Drawn geometries have the distribution that is asked for."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.errors import UsageError
from xmodkit_xes.simulator.geometries import (
    ANGLE,
    BOND,
    Sampling,
    geometries,
    internal,
    placed,
    potential,
    wavenumbers,
)

EV_PER_K = 8.617333262e-5


def draw(n: int, kelvin: float, sampling: Sampling, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.array(list(islice(geometries(rng, kelvin, sampling), n)))


@given(st.floats(0.7, 1.6), st.floats(0.7, 1.6), st.floats(0.8, 3.1))
def test_bonds_and_angle_come_back_from_positions(r1: float, r2: float, angle: float) -> None:
    """Positions and internal coordinates say the same."""
    np.testing.assert_allclose(internal(placed(r1, r2, angle)), [r1, r2, angle], rtol=1e-9)


@given(st.floats(0.72, 1.5), st.floats(0.72, 1.5), st.floats(0.9, 3.1))
def test_the_potential_is_symmetric_and_has_its_minimum_where_it_says(
    r1: float, r2: float, angle: float
) -> None:
    """The bonds are alike; nothing lies more than a meV below the minimum."""
    arrays = (np.array(value) for value in (r1, r2, angle))
    energy = potential(*arrays)
    assert energy == pytest.approx(float(potential(*map(np.array, (r2, r1, angle)))))
    assert energy > -1e-3
    assert potential(*map(np.array, (BOND, BOND, ANGLE))) == pytest.approx(0, abs=1e-3)


def test_wavenumbers_are_those_of_water() -> None:
    """Harmonic bend and stretches lie within 2 % of PBE's 1592, 3700 and 3805 per cm."""
    np.testing.assert_allclose(wavenumbers(), [1592, 3700, 3805], rtol=0.02)


def test_boltzmann_geometries_have_the_distribution_s_means() -> None:
    """Against quadrature of r1^2 r2^2 sin(angle) exp(-V/kT): within four standard errors."""
    found = np.array(internal(draw(1000, 2000.0, "boltzmann")))
    r = np.linspace(0.75, 1.5, 76)
    r1, r2, angle = np.meshgrid(r, r, np.linspace(0.9, np.pi, 90), indexing="ij")
    weight = (r1 * r2) ** 2 * np.sin(angle)
    weight *= np.exp(-potential(r1, r2, angle) / (EV_PER_K * 2000))
    for values, axis in zip(found, (r1, r2, angle), strict=True):
        mean = (weight * axis).sum() / weight.sum()
        sd = np.sqrt((weight * (axis - mean) ** 2).sum() / weight.sum())
        assert abs(values.mean() - mean) < 4 * sd / np.sqrt(len(values))
        assert values.std() == pytest.approx(sd, rel=0.1)


def test_wigner_geometries_have_zero_point_motion() -> None:
    """At 50 K the quantum bonds spread by 0.065 to 0.07 A, four times as far as classical ones."""
    quantum, classical = (internal(draw(400, 50.0, how)) for how in ("wigner", "boltzmann"))  # type: ignore[arg-type]
    assert quantum[0].std() == pytest.approx(0.067, rel=0.12)
    assert classical[0].std() < 0.25 * quantum[0].std()


def test_hot_wigner_bends_spread_as_classical_harmonic_ones() -> None:
    """At high temperature the variance of a mode is kT / omega^2: twice as hot, twice as wide."""
    warm, hot = (internal(draw(3000, kelvin, "wigner"))[2].var() for kelvin in (3000.0, 6000.0))
    assert hot / warm == pytest.approx(2.0, rel=0.15)


def test_molecules_are_turned_every_way() -> None:
    """Oxygen is the origin; directions of bonds average to nothing, their squares to a third."""
    drawn = draw(2000, 300.0, "wigner")
    assert not drawn[:, 0].any()
    directions = drawn[:, 1] / np.linalg.norm(drawn[:, 1], axis=1)[:, None]
    np.testing.assert_allclose(directions.mean(axis=0), 0, atol=0.06)
    np.testing.assert_allclose((directions**2).mean(axis=0), 1 / 3, atol=0.03)


@pytest.mark.parametrize("kelvin", [0.0, -5.0, 1e5, float("nan")])
def test_a_temperature_outside_the_potential_is_refused(kelvin: float) -> None:
    """At once, before anything is drawn."""
    with pytest.raises(UsageError, match="50 to 8000 expected"):
        geometries(np.random.default_rng(), kelvin, "boltzmann")
