"""Drops: round, with a coffee ring, on bare glass; and the lots that go wrong."""

import numpy as np
import pytest

from xmodkit_uvvis.simulator.drop import draw_drop, thickness_map

PIXEL = 25.4 / 1200


def _map(lot, seed=0, size=101):
    rng = np.random.default_rng(seed)
    drop = draw_drop(rng, lot, 0.64)
    return drop, thickness_map(drop, rng, size, PIXEL)


@pytest.mark.parametrize("seed", range(8))
def test_a_drop_holds_its_mean_thickness_and_leaves_the_border_bare(seed):
    drop, relief = _map("regular", seed)
    volume = relief.sum() * PIXEL**2
    assert volume == pytest.approx(drop.thickness * np.pi * drop.radius**2, rel=0.2)
    assert (relief >= 0).all()
    assert (relief[0] == 0).all()
    assert (relief[:, -1] == 0).all()


def test_most_drops_are_thicker_at_the_rim_than_inside():
    thicker = 0
    for seed in range(40):
        drop, relief = _map("regular", seed)
        axis = (np.arange(101) - 50) * PIXEL
        centre = drop.centres[0]
        rho = np.hypot(axis[None, :] - centre.real, axis[:, None] - centre.imag) / drop.radius
        rim = relief[np.abs(rho - drop.ring_radius) < 0.04].mean()
        thicker += rim > 1.3 * relief[rho < 0.5].mean()
    assert thicker >= 25


def test_merged_drops_cover_more_glass_than_one():
    def cover(lot):
        return np.mean([(_map(lot, seed)[1] > 0).mean() for seed in range(6)])

    assert cover("merged") > 1.3 * cover("regular")


def test_a_scratch_takes_the_film_away_along_a_line():
    drop, relief = _map("scratched", 4)
    assert drop.scratches
    axis = (np.arange(101) - 50) * PIXEL
    place = axis[None, :] + 1j * axis[:, None]
    angle, offset, width = drop.scratches[0]
    on_it = np.abs((place * np.exp(-1j * angle)).imag - offset) < 0.5 * width
    inside = np.abs(place - drop.centres[0]) < 0.7 * drop.radius
    assert relief[on_it & inside].mean() < 0.2 * relief[~on_it & inside].mean()


def test_the_thick_lot_has_three_times_the_thickness():
    assert _map("thick", 1)[0].thickness == pytest.approx(3.0 * _map("regular", 1)[0].thickness)


def test_a_shifted_crop_shows_the_next_drop_of_the_grid():
    rng = np.random.default_rng(2)
    drop = draw_drop(rng, "miscropped", 0.64)
    relief = thickness_map(drop, rng, 149, PIXEL, neighbour=2.1 + 0j)
    assert relief[:, -4:].max() > 0
    assert relief[:, :4].max() == 0
