"""What is drawn of a crystal, and from where: atoms, also on far borders, bonds, edges."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from xmodkit.structures.elements import covalent_radii
from xmodkit_crystal.chemistry.contacts import is_nonmetal
from xmodkit_crystal.structure import Crystal

__all__ = ["Scene", "scene_of"]

Floats = NDArray[np.float64]

_BORDER_A = 0.2  # atoms this near to a face are drawn on the opposite one too
_BONDED = 1.18  # times the sum of two covalent radii
_TURN, _TILT = np.radians(-17), np.radians(11)
_CORNERS = np.array(list(product((0.0, 1.0), repeat=3)))
# Pairs of corners that differ in one coordinate.
_EDGES = tuple(
    (i, j)
    for i, j in product(range(8), repeat=2)
    if i < j and np.abs(_CORNERS[i] - _CORNERS[j]).sum() == 1
)


@dataclass(frozen=True, eq=False)
class Scene:
    """Points in A, x to the right, y up, z to the eye, the middle of the cell at 0.

    Atoms with `numbers` (n,) and `places` (n, 3); `bonds` (b, 2) of them; `edges` (12, 2, 3) of the
    cell; `axes` (4, 3): the origin and the ends of a, b and c.
    """

    numbers: NDArray[np.int64]
    places: Floats
    bonds: NDArray[np.intp]
    edges: Floats
    axes: Floats

    @property
    def extent(self) -> tuple[float, float]:
        """How far the cell and the atoms' middles reach from 0, to the right and up, A."""
        every = np.concatenate([self.places, self.edges.reshape(-1, 3)])
        right, up, _ = np.abs(every).max(axis=0)
        return float(right), float(up)


def scene_of(crystal: Crystal) -> Scene:
    """Return what is drawn of a crystal with a cell that has a volume."""
    turn = _view(crystal.cell)
    numbers, fractional = _with_repeats(crystal)
    corners = (_CORNERS - 0.5) @ crystal.cell @ turn.T
    places = (fractional - 0.5) @ crystal.cell @ turn.T
    return Scene(
        numbers,
        places,
        _bonds(numbers, places),
        np.stack([corners[[i, j]] for i, j in _EDGES]),
        corners[[0, 4, 2, 1]],
    )


def _view(cell: Floats) -> Floats:
    """Return the rotation (3, 3) from positions to what is seen, rows x, y, z.

    We look along the shortest edge, so that few atoms hide others, from a little aside and above.
    Of a right-handed cell the next edge runs to the right and the one after that up: of a cube a
    comes towards the eye, b runs to the right, c up.
    """
    lengths = np.round(np.linalg.norm(cell, axis=1), 3)  # equal edges stay in order
    towards, right, up = np.roll(cell, -int(lengths.argmin()), axis=0)
    normal = np.cross(right, up)
    normal = normal * np.sign(normal @ towards) / np.linalg.norm(normal)
    across = right / np.linalg.norm(right)
    turned = np.stack([across, np.cross(normal, across), normal])
    cos, sin = np.cos(_TURN), np.sin(_TURN)
    aside = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    cos, sin = np.cos(_TILT), np.sin(_TILT)
    above = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    return np.asarray(above @ aside @ turned)


def _with_repeats(crystal: Crystal) -> tuple[NDArray[np.int64], Floats]:
    """Return atoms in the cell, and again where they sit on its borders."""
    heights = crystal.volume / np.linalg.norm(
        np.cross(crystal.cell[[1, 2, 0]], crystal.cell[[2, 0, 1]]), axis=1
    )
    border = np.minimum(_BORDER_A / heights, 0.25)
    inside = np.mod(crystal.fractional, 1)
    inside = np.where(inside > 1 - border, inside - 1, inside)  # a little below 0 is at 0
    copies = inside[:, None] + _CORNERS  # (n, 8, 3)
    shown = ((copies < 1 + border) | (_CORNERS == 0)).all(axis=2)
    return np.repeat(crystal.numbers, shown.sum(axis=1)), copies[shown]


def _bonds(numbers: NDArray[np.int64], places: Floats) -> NDArray[np.intp]:
    """Return pairs of atoms that touch, but for metals among other atoms than metals."""
    radii, anion = covalent_radii()[numbers], is_nonmetal(numbers)
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    touching = np.triu(apart < _BONDED * (radii[:, None] + radii), 1)
    if anion.any():
        touching &= anion[:, None] | anion
    return np.argwhere(touching)
