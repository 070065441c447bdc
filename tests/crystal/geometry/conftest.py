"""Crystals of well-known types, and the ways to describe one crystal differently."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from xmodkit_crystal.geometry import cell_of_parameters
from xmodkit_crystal.structure import Crystal

Sites = dict[int, list[tuple[float, float, float]]]

FACES: list[tuple[float, float, float]] = [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]
U = 0.3053  # oxygen in rutile


def known(name: str) -> Crystal:
    """Return a crystal of a type in its conventional cell."""
    types: dict[str, tuple[tuple[float, ...], tuple[float, ...], Sites]] = {
        "rocksalt VO": (
            (4.09, 4.09, 4.09),
            (90, 90, 90),
            {23: FACES, 8: [(x + 0.5, y, z) for x, y, z in FACES]},
        ),
        "rutile VO2": (
            (4.55, 4.55, 2.85),
            (90, 90, 90),
            {
                23: [(0, 0, 0), (0.5, 0.5, 0.5)],
                8: [(U, U, 0), (-U, -U, 0), (0.5 - U, 0.5 + U, 0.5), (0.5 + U, 0.5 - U, 0.5)],
            },
        ),
        "perovskite SrTiO3": (
            (3.905, 3.905, 3.905),
            (90, 90, 90),
            {38: [(0.5, 0.5, 0.5)], 22: [(0, 0, 0)], 8: [(0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5)]},
        ),
        "wurtzite ZnO": (
            (3.25, 3.25, 5.2),
            (90, 90, 120),
            {
                30: [(1 / 3, 2 / 3, 0), (2 / 3, 1 / 3, 0.5)],
                8: [(1 / 3, 2 / 3, 0.382), (2 / 3, 1 / 3, 0.882)],
            },
        ),
        "corundum V2O3": ((4.95, 4.95, 14.0), (90, 90, 120), corundum(0.3463, 0.3118)),
        "iron": ((2.87, 2.87, 2.87), (90, 90, 90), {26: [(0, 0, 0), (0.5, 0.5, 0.5)]}),
        "copper": ((3.61, 3.61, 3.61), (90, 90, 90), {29: FACES}),
        "quartz": (
            (4.913, 4.913, 5.405),
            (90, 90, 120),
            {14: [(0.47, 0, 2 / 3), (0, 0.47, 1 / 3), (-0.47, -0.47, 0)], 8: quartz_oxygen()},
        ),
    }
    lengths, angles, sites = types[name]
    numbers = [number for number, places in sites.items() for _ in places]
    fractional = np.concatenate([np.array(places, float) for places in sites.values()])
    return Crystal(np.array(numbers), fractional, cell_of_parameters(lengths, angles))


def corundum(z: float, x: float) -> Sites:
    metal: list[tuple[float, float, float]] = [
        (0, 0, z),
        (0, 0, 0.5 - z),
        (0, 0, -z),
        (0, 0, 0.5 + z),
    ]
    oxygen = [(x, 0, 0.25), (0, x, 0.25), (-x, -x, 0.25)]
    oxygen += [(-a, -b, -c) for a, b, c in oxygen]
    centres = [(0, 0, 0), (2 / 3, 1 / 3, 1 / 3), (1 / 3, 2 / 3, 2 / 3)]
    sites: Sites = {23: metal, 8: oxygen}
    return {
        number: [(a + i, b + j, c + k) for a, b, c in places for i, j, k in centres]
        for number, places in sites.items()
    }


def quartz_oxygen() -> list[tuple[float, float, float]]:
    x, y, z = 0.4135, 0.2669, 0.1191 + 2 / 3
    turned = [(x, y, z), (-y, x - y, z + 1 / 3), (y - x, -x, z + 2 / 3)]
    return [*turned, *((b, a, -c) for a, b, c in turned)]


TYPES = [
    "rocksalt VO",
    "rutile VO2",
    "perovskite SrTiO3",
    "wurtzite ZnO",
    "corundum V2O3",
    "iron",
    "copper",
    "quartz",
]


def random_crystal(rng: np.random.Generator) -> Crystal:
    """Return a triclinic crystal of 1-8 atoms, none closer than 0.8 A to another's place."""
    while True:
        angles = rng.uniform(50, 130, 3)
        alpha, beta, gamma = np.cos(np.radians(angles))
        if 1 + 2 * alpha * beta * gamma - alpha**2 - beta**2 - gamma**2 > 0.05:
            break
    cell = cell_of_parameters(rng.uniform(2.5, 9, 3), angles)
    wanted, places = int(rng.integers(1, 9)), np.zeros((0, 3))
    for place in rng.random((40, 3)):
        apart = places - place
        apart -= np.rint(apart)
        if len(places) < wanted and (np.linalg.norm(apart @ cell, axis=1) > 0.8).all():
            places = np.vstack([places, place])
    return Crystal(rng.choice([8, 22, 23], len(places)), places, cell)


def redescribed(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """Return the same crystal: turned, repeated, in another setting, shifted and shuffled."""
    crystal = supercell(crystal, rng)
    change = unimodular(rng)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    fractional = crystal.fractional @ np.linalg.inv(change) + rng.random(3)
    order = rng.permutation(len(crystal))
    fractional = fractional[order] + rng.integers(-1, 2, (len(crystal), 3))
    return Crystal(crystal.numbers[order], fractional, change @ crystal.cell @ turn)


def supercell(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """Return a crystal repeated 1-4 times along one edge."""
    times, axis = int(rng.integers(1, 5)), int(rng.integers(3))
    step = np.eye(3)[axis]
    places = np.concatenate([crystal.fractional + k * step for k in range(times)])
    stretch = 1 + (times - 1) * step
    return Crystal(
        np.tile(crystal.numbers, times), places / stretch, crystal.cell * stretch[:, None]
    )


def unimodular(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a change of basis with determinant 1 or -1 and small whole numbers."""
    change = np.eye(3)
    for _ in range(3):
        first, second = rng.permutation(3)[:2]
        change[first] += rng.integers(-1, 2) * change[second]
    return np.asarray(change * rng.choice([-1, 1]))


@pytest.fixture(params=TYPES)
def crystal(request: pytest.FixtureRequest) -> Crystal:
    return known(request.param)


@pytest.fixture(name="known", scope="session")
def known_crystal() -> Callable[[str], Crystal]:
    return known


@pytest.fixture(name="random_crystal", scope="session")
def any_crystal() -> Callable[[np.random.Generator], Crystal]:
    return random_crystal


@pytest.fixture(name="redescribed", scope="session")
def redescription() -> Callable[[Crystal, np.random.Generator], Crystal]:
    return redescribed
