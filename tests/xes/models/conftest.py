"""Fixtures of the model tests: clusters drawn at random, and water whose spectra are a formula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from xmodkit.pair import Sample

torch = pytest.importorskip("torch")

ENERGIES = tuple(float(energy) for energy in np.linspace(520, 530, 24))


@dataclass(frozen=True)
class Water:
    """Water molecules: features (N, 3) as short bond, long bond and angle, with their spectra."""

    features: NDArray[np.float64]
    positions: NDArray[np.float64]
    spectra: NDArray[np.float64]

    def samples(self) -> list[Sample]:
        """Return the molecules as samples of a store."""
        return [
            Sample(
                f"water-{i}",
                {
                    "structure": {
                        "numbers": np.array([8, 1, 1], np.int32),
                        "positions": self.positions[i].astype(np.float32),
                        "cell": np.zeros((3, 3), np.float32),
                        "sites": np.zeros(1, np.int32),
                    },
                    "xes": {"xes": self.spectra[i].astype(np.float32)},
                },
                metadata={"absorber": "O"},
                coordinates={"xes_energy": ENERGIES},
            )
            for i in range(len(self.features))
        ]


@pytest.fixture(scope="session")
def water() -> Water:
    """Return 400 molecules; two lines move with the bonds' sum, and with the angle."""
    rng = np.random.default_rng(3)
    bonds = np.sort(rng.normal(1.0, 0.1, (400, 2)), axis=1)
    angle = rng.normal(104.0, 12.0, 400)
    positions = np.zeros((400, 3, 3))
    positions[:, 1, 0] = bonds[:, 0]
    positions[:, 2, 0] = bonds[:, 1] * np.cos(np.radians(angle))
    positions[:, 2, 1] = bonds[:, 1] * np.sin(np.radians(angle))
    energy = np.array(ENERGIES)
    first = 523 + 4 * (bonds.sum(axis=1) - 2)
    second = 527 + (angle - 104) / 20
    lines = [np.exp(-(((energy - at[:, None]) / 0.9) ** 2)) for at in (first, second)]
    return Water(np.column_stack([bonds, angle]), positions, lines[0] + 0.7 * lines[1])


@dataclass(frozen=True)
class Cluster:
    """Atoms around an absorber at the origin, by distance."""

    numbers: NDArray[np.int32]
    positions: NDArray[np.float32]


def cluster(seed: int, atoms: int, elements: tuple[int, ...] = (1, 6, 8)) -> Cluster:
    """Return atoms at random, no two of them nearer than 0.7 A."""
    rng = np.random.default_rng(seed)
    places = [np.zeros(3)]
    while len(places) < atoms:
        place = rng.normal(0, 1.8, 3)
        if min(np.linalg.norm(place - other) for other in places) > 0.7:
            places.append(place)
    ordered = sorted(places, key=lambda place: float(np.linalg.norm(place)))
    numbers = np.array([16, *rng.choice(elements, atoms - 1)], np.int32)
    return Cluster(numbers, np.array(ordered, np.float32))


@pytest.fixture(scope="session")
def make_cluster():  # type: ignore[no-untyped-def]
    """Return what makes a cluster of a seed and a number of atoms."""
    return cluster
