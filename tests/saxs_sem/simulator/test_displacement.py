"""Displacements: even in strength, smooth over their length; dislocations end a line each."""

from dataclasses import replace

import numpy as np
import pytest

from xmodkit_saxs_sem.simulator.displacement import add_dislocations, random_field
from xmodkit_saxs_sem.simulator.grid import Grid
from xmodkit_saxs_sem.simulator.parameters import draw_film

GRID = Grid(300, 400, 8.0)


def test_a_random_field_has_unit_variance_and_the_stated_correlation():
    fields = [random_field(GRID, 40.0, np.random.default_rng(seed)) for seed in range(6)]
    assert np.mean([field.var() for field in fields]) == pytest.approx(1.0, abs=0.05)
    for lag in (5, 10):
        expected = np.exp(-((8.0 * lag) ** 2) / (4 * 40.0**2))
        across = np.mean([(field[:, lag:] * field[:, :-lag]).mean() for field in fields])
        down = np.mean([(field[lag:] * field[:-lag]).mean() for field in fields])
        assert across == pytest.approx(expected, abs=0.06)
        assert down == pytest.approx(expected, abs=0.06)


def _windings(phase):
    """Return how often the phase winds by 2 pi around each cell of four pixels."""

    def step(a, b):
        return np.angle(np.exp(1j * (b - a)))

    a, b, c, d = phase[:-1, :-1], phase[:-1, 1:], phase[1:, 1:], phase[1:, :-1]
    total = step(a, b) + step(b, c) + step(c, d) + step(d, a)
    return np.rint(total / (2 * np.pi)).astype(int)


def test_dislocations_come_in_opposite_pairs_at_the_stated_density():
    film = replace(draw_film(np.random.default_rng(0), "lamellae"), defects_per_um2=4.0)
    count = total = 0
    for seed in range(4):
        phase = np.zeros(GRID.shape, np.float32)
        add_dislocations([phase], film, GRID, np.random.default_rng(seed))
        windings = _windings(phase)
        count += np.abs(windings).sum()
        total += windings.sum()
    assert count / (4 * GRID.area_um2) == pytest.approx(4.0, rel=0.3)
    assert abs(total) < 0.1 * count


def test_a_film_without_dislocations_is_left_as_it_is():
    film = replace(draw_film(np.random.default_rng(0), "lamellae"), defects_per_um2=0.0)
    phase = np.zeros(GRID.shape, np.float32)
    add_dislocations([phase], film, GRID, np.random.default_rng(0))
    assert not phase.any()
