"""Scattering: symmetric, at the right place and side, of all layers, never of the micrograph."""

from dataclasses import replace

import numpy as np
import pytest

from xmodkit_saxs_sem.simulator.grid import Grid
from xmodkit_saxs_sem.simulator.morphology import bottom_layer, level_field
from xmodkit_saxs_sem.simulator.parameters import draw_film
from xmodkit_saxs_sem.simulator.scattering import WINDOWS, scatter

pytest.importorskip("scipy", reason="the simulator needs xmodkit[saxs-sem]")


def _film(morphology, **changes):
    return replace(draw_film(np.random.default_rng(2), morphology), **changes)


def _strongest(scattering):
    """Return (qx, qy) of the strongest pixel with qx > 0."""
    size = scattering.power.shape[0]
    right = scattering.power[:, size // 2 + 1 :]
    row, column = np.unravel_index(np.argmax(right), right.shape)
    return (column + 1) * scattering.step, (size // 2 - row) * scattering.step


def test_there_are_at_least_64_windows():
    assert WINDOWS >= 64


@pytest.mark.parametrize("orientation", [-20.0, 20.0])
def test_lines_turned_counterclockwise_scatter_counterclockwise(orientation):
    film = _film("lamellae", orientation_deg=orientation, spacing_nm=35.0)
    qx, qy = _strongest(scatter(film, np.random.default_rng(0)))
    assert np.degrees(np.arctan2(qy, qx)) == pytest.approx(orientation, abs=2.0)
    assert 2 * np.pi / np.hypot(qx, qy) == pytest.approx(35.0, rel=0.04)


def test_the_noiseless_pattern_is_that_of_its_half_turn():
    power = scatter(_film("hexagonal"), np.random.default_rng(0)).power[1:, 1:]
    np.testing.assert_allclose(power, power[::-1, ::-1], rtol=2e-3, atol=1e-6 * power.max())


def test_nothing_scatters_forward_once_means_are_subtracted():
    power = scatter(_film("ladders"), np.random.default_rng(0)).power
    middle = power.shape[0] // 2
    assert power[middle, middle] < 1e-6 * power.max()


def test_x_rays_see_the_layer_below_that_electrons_do_not():
    film = _film("skew", orientation_deg=0.0, skew_deg=20.0, spacing_nm=35.0)
    assert bottom_layer(film).orientation_deg == 20.0
    assert bottom_layer(_film("lamellae")) is None
    scattering = scatter(film, np.random.default_rng(0))
    alone = scatter(replace(film, morphology="lamellae"), np.random.default_rng(0))

    def at(which, degrees):
        turned = 2 * np.pi / 35.0 * np.exp(1j * np.radians(degrees)) / which.step
        middle = which.power.shape[0] // 2
        row, column = round(middle - turned.imag), round(middle + turned.real)
        return which.power[row - 1 : row + 2, column - 1 : column + 2].max()

    assert 0.3 < at(scattering, 20.0) / at(scattering, 0.0) < 3.0
    assert at(alone, 20.0) < 0.05 * at(alone, 0.0)


def test_the_bright_phase_takes_its_share_of_other_realisations():
    for morphology in ("hexagonal", "ladders", "alternating", "fingerprints"):
        film = _film(morphology, phi=0.45)
        level = scatter(film, np.random.default_rng(0)).level
        field = level_field(film, Grid(500, 500, 2.0), np.random.default_rng(1))
        assert (field > level).mean() == pytest.approx(0.45, abs=0.015)
