"""How fast crystals become voxel images: ours, a plain loop, numpy over all voxels, and memory.

    python benchmarks/voxels.py [--crystals 40]

Images of simulated V-O crystals as published (64^3 voxels a species). Every method draws the same
images; `memory` only sets as many voxels to 0, which nothing that draws can beat.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.simulator.simulate import simulate
from xmodkit_crystal.structure import Crystal
from xmodkit_crystal.voxels import CUT, species_images

EDGE, SIZE, SIGMA = 15.0, 64, 0.26
Images = NDArray[np.floating]
_LOOPED = 8  # voxels along each edge that the plain loop draws: all would take minutes
_REPEATS = 5


def main() -> None:
    """Check that all draw the same, and print voxels per second."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--crystals", type=int, default=40)
    count = parser.parse_args().crystals
    crystals = [canonical(to_crystal(s.arrays["crystal"])) for s in simulate(count, 0)]
    few = crystals[:2]
    for crystal in few:
        ours = species_images(crystal)[1]
        np.testing.assert_allclose(every_voxel(crystal), ours, atol=1e-5)
        corner = slice(SIZE // 2 - _LOOPED // 2, SIZE // 2 + _LOOPED // 2)
        np.testing.assert_allclose(loop(crystal), ours[:, corner, corner, corner], atol=1e-5)
    rates = {
        "memory": rate(lambda one: empty(one), crystals),
        "ours": rate(lambda one: species_images(one)[1], crystals),
        "numpy, every voxel": rate(every_voxel, few),
        "plain loop": rate(loop, few),
    }
    print(f"{count} simulated V-O crystals, {np.mean([len(one) for one in crystals]):.1f} atoms\n")
    for name, voxels in rates.items():
        print(f"{name:<20s} {voxels:10.3g} voxels/s  {voxels / rates['ours']:10.3g} of ours")


def rate(draw: Callable[[Crystal], Images], crystals: list[Crystal]) -> float:
    """Return the voxels a second of the fastest of a few rounds."""
    seconds = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        voxels = sum(draw(crystal).size for crystal in crystals)
        seconds.append(time.perf_counter() - started)
    return voxels / min(seconds)


def empty(crystal: Crystal) -> Images:
    """Return as many voxels, each written once."""
    return np.full((len(crystal.species), SIZE, SIZE, SIZE), 0, np.float32)


def every_voxel(crystal: Crystal) -> Images:
    """Return the images by the distances of all voxels from each atom."""
    axis = np.arange(SIZE) * EDGE / SIZE
    images = np.zeros((len(crystal.species), SIZE, SIZE, SIZE), np.float32)
    for number, place in zip(crystal.numbers, _places(crystal), strict=True):
        away = [axis - x for x in place]
        x, y, z = (d - EDGE * np.rint(d / EDGE) for d in away)
        squared = x[:, None, None] ** 2 + y[:, None] ** 2 + z**2
        blob = np.exp(squared / (-2 * SIGMA**2))
        blob[blob < CUT] = 0
        images[crystal.species.index(int(number))] += blob
    return images


def loop(crystal: Crystal) -> Images:
    """Return the middle voxels of the images, one by one, as one would write it down."""
    first = SIZE // 2 - _LOOPED // 2
    images = np.zeros((len(crystal.species), _LOOPED, _LOOPED, _LOOPED))
    places = _places(crystal).tolist()
    for i, j, k in itertools.product(range(_LOOPED), repeat=3):
        voxel = [(first + index) * EDGE / SIZE for index in (i, j, k)]
        for number, place in zip(crystal.numbers.tolist(), places, strict=True):
            squared = sum((a - b) ** 2 for a, b in zip(voxel, place, strict=True))
            value = float(np.exp(squared / (-2 * SIGMA**2)))
            if value >= CUT:
                images[crystal.species.index(number), i, j, k] += value
    return images


def _places(crystal: Crystal) -> NDArray[np.float64]:
    return np.asarray(crystal.cartesian - crystal.cartesian.mean(axis=0) + EDGE / 2)


if __name__ == "__main__":
    main()
