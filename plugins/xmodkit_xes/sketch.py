"""Sketch atoms as discs coloured by element, bonds between them: a glance, no figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from xmodkit.curveplot import ACCENT, FINE, PAPER
from xmodkit.structures.elements import covalent_radii

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_atoms"]

Floats = NDArray[np.float64]
Colour = tuple[int, int, int]

_BONDED: Final = 1.25  # times the sum of two covalent radii
_DISC: Final = 0.45  # of a covalent radius
_LEAST_EXTENT_A: Final = 3.0  # a lone atom does not fill the picture
_MARGIN: Final = 1.0  # Angstrom, for the discs on the rim
_FAR: Final = 0.55  # how much paler the farthest atom is
_BOND: Final = (150, 160, 172)


def draw_atoms(
    numbers: NDArray[np.int32], positions: Floats, size: int, marked: NDArray[np.int64]
) -> Image.Image:
    """Return a square picture of atoms, seen along the direction in which they extend least.

    `numbers` (n,), `positions` (n, 3) in Angstrom; `marked` atoms have a ring and lie on top.
    """
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (size * FINE, size * FINE), PAPER)
    draw = ImageDraw.Draw(picture)
    places = _turned(positions)
    radii = covalent_radii()[numbers]
    extent = max(float(np.ptp(places[:, :2], axis=0).max(initial=0)), _LEAST_EXTENT_A)
    scale = size * FINE / (extent + 2 * _MARGIN)
    flat = (places[:, :2] * (1, -1)) * scale + size * FINE / 2
    depth = places[:, 2]
    away = (depth.max() - depth) / max(float(np.ptp(depth)), 1e-9) * (np.ptp(depth) > 0.5)
    for i, j in sorted(_bonds(places, radii), key=lambda bond: depth[list(bond)].sum()):
        ends = (*flat[i], *flat[j])
        draw.line(ends, _pale(_BOND, float(away[[i, j]].mean())), max(1, round(0.16 * scale)))
    ringed = np.isin(np.arange(len(numbers)), marked)
    for i in np.lexsort((depth, ringed)):  # marked ones last: never behind others
        radius = _DISC * radii[i] * scale
        (x, y), colour = flat[i], _pale(_colour(int(numbers[i])), float(away[i]))
        if ringed[i]:
            wide = radius + 1.5 * FINE
            draw.ellipse((x - wide, y - wide, x + wide, y + wide), ACCENT)
        rim = _pale((60, 66, 76), float(away[i]))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour, rim, FINE // 2)
    return picture.reduce(FINE)


def _turned(positions: Floats) -> Floats:
    """Return centred positions, the directions of largest extent first, handedness kept."""
    centred = positions - positions.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=True)[2]
    if np.linalg.det(axes) < 0:
        axes[2] *= -1
    turned = centred @ axes.T
    middle = (turned.max(axis=0) + turned.min(axis=0)) / 2
    return np.asarray(turned - middle)


def _bonds(places: Floats, radii: Floats) -> list[tuple[int, int]]:
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    bonded = np.triu(apart < _BONDED * (radii[:, None] + radii), 1)
    return [(int(i), int(j)) for i, j in np.argwhere(bonded)]


def _colour(number: int) -> Colour:
    from ase.data.colors import jmol_colors

    red, green, blue = (round(255 * float(share)) for share in jmol_colors[number])
    return red, green, blue


def _pale(colour: Colour, away: float) -> Colour:
    red, green, blue = (round(255 - (255 - part) * (1 - _FAR * away)) for part in colour)
    return red, green, blue
