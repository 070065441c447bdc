"""Random strains and displacements of a crystal, with and without its symmetry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xmodkit_crystal.simulator.prototypes import Symmetry
from xmodkit_crystal.structure import Crystal

__all__ = ["Distortion", "distorted"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Distortion:
    """Standard deviations: of the length scale, of strain, and of each coordinate in A.

    What keeps the symmetry (free parameters, c/a) is drawn apart from what breaks it, which only a
    share of crystals get.
    """

    scale: float = 0.03
    symmetric_strain: float = 0.03
    symmetric_displacement: float = 0.08
    strain: float = 0.015
    displacement: float = 0.05
    broken_share: float = 0.5


def distorted(
    crystal: Crystal,
    symmetry: Symmetry,
    size: Distortion,
    rng: np.random.Generator,
) -> Crystal:
    """Return a crystal strained and with its atoms displaced at random.

    A random strain or field of displacements, averaged over the crystal's symmetry, keeps it: so
    every free parameter moves and nothing else does.
    """
    broken = size.broken_share > rng.random()
    rotations, images = symmetry.rotations, symmetry.images
    scale = 1 + size.scale * rng.standard_normal()
    strain = _average_strain(
        size.symmetric_strain * _symmetric_matrix(rng), crystal.cell, rotations
    )
    field = size.symmetric_displacement * rng.standard_normal((len(crystal), 3))
    moved = _average_field(field @ np.linalg.inv(crystal.cell), rotations, images)
    if broken:
        strain = strain + size.strain * _symmetric_matrix(rng)
        field = size.displacement * rng.standard_normal((len(crystal), 3))
        moved = moved + field @ np.linalg.inv(crystal.cell)
    cell = scale * crystal.cell @ (np.eye(3) + strain)
    return Crystal(crystal.numbers, crystal.fractional + moved, cell)


def _symmetric_matrix(rng: np.random.Generator) -> Floats:
    matrix = rng.standard_normal((3, 3))
    return np.asarray((matrix + matrix.T) / 2)


def _average_strain(strain: Floats, cell: Floats, rotations: Floats) -> Floats:
    """Return the mean of a strain (3, 3) over all rotations: what is left keeps the lattice's."""
    turned = np.linalg.inv(cell) @ rotations.swapaxes(1, 2) @ cell
    return np.asarray((turned.swapaxes(1, 2) @ strain @ turned).mean(axis=0))


def _average_field(field: Floats, rotations: Floats, images: NDArray[np.intp]) -> Floats:
    """Return displacements (n, 3), fractional, made symmetric, as large as they were.

    Operation k takes atom i to `images[k, i]`, and its displacement along. The mean over an orbit
    of m atoms is that of m random vectors: it is multiplied by the root of m.
    """
    out = np.zeros_like(field)
    for rotation, image in zip(rotations, images, strict=True):
        out[image] += field @ rotation.T
    orbits = np.array([len(set(column)) for column in images.T.tolist()])
    return np.asarray(out / len(rotations) * np.sqrt(orbits)[:, None])
