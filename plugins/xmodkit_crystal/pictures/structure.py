"""Draw a crystal: its cell, its atoms by element and size, bonds, and the names of the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from xmodkit.curveplot import FAINT, INK, PAPER
from xmodkit.sheet import font
from xmodkit.structures.elements import covalent_radii, symbol
from xmodkit_crystal.pictures.colours import Colour, element_colour
from xmodkit_crystal.pictures.render import Canvas
from xmodkit_crystal.pictures.scene import Scene, scene_of
from xmodkit_crystal.pictures.symbols import by_formula
from xmodkit_crystal.structure import Crystal

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["cell_texts", "draw_legend", "draw_structure"]

Floats = NDArray[np.float64]

_BALL: Final = 0.4  # A for a covalent radius of 1 A; of others as its root, so that all are seen
_BOND_A: Final = 0.09
_MARGIN: Final = 16  # pixels, for the names of the axes
_LETTER: Final = 8  # pixels from the middle of a letter to what it does not touch
_ALONG: Final = 8  # points on a bond that it keeps off
_EDGE: Final = 0.6  # pixels
_EDGE_COLOUR: Final[Colour] = (96, 108, 124)
_LEAST_A: Final = 2.2  # a small cell does not fill the picture


def draw_structure(crystal: Crystal, size: tuple[int, int]) -> Image.Image:
    """Return a picture (width, height) of a crystal in its cell, RGB on white.

    Seen along the shortest edge, nearly; atoms on the cell's borders are repeated. Raise
    `MissingExtraError` without ASE, which knows the colours.
    """
    scene = scene_of(crystal)
    radii = _BALL * np.sqrt(covalent_radii()[scene.numbers])
    rim = float(radii.max())
    right, up = scene.extent
    scale = min(
        (size[0] / 2 - _MARGIN) / max(right + rim, _LEAST_A),
        (size[1] / 2 - _MARGIN) / max(up + rim, _LEAST_A),
    )
    canvas = Canvas(*size, scale)
    for start, end in scene.edges:
        canvas.rod(start, end, _EDGE / scale, _EDGE_COLOUR, parts=8)
    colours = [element_colour(number) for number in scene.numbers.tolist()]
    for i, j in scene.bonds:
        middle = (scene.places[i] + scene.places[j]) / 2
        canvas.rod(scene.places[i], middle, _BOND_A, colours[i])
        canvas.rod(scene.places[j], middle, _BOND_A, colours[j])
    for place, radius, colour in zip(scene.places, radii.tolist(), colours, strict=True):
        canvas.sphere(place, radius, colour)
    picture = canvas.image()
    _name_axes(picture, scene, scale, radii)
    return picture


def draw_legend(card: Image.Image, place: tuple[int, int], crystal: Crystal) -> None:
    """Draw a disc and the symbol of each element in a row; `place` is its left and middle."""
    from PIL import ImageDraw

    draw, letters = ImageDraw.Draw(card), font(12)
    left, middle = place
    for number in by_formula(crystal.numbers):
        ball = Canvas(14, 14, 6)
        ball.sphere(np.zeros(3), 1.0, element_colour(number))
        card.paste(ball.image(), (left, middle - 7))
        name = symbol(number)
        draw.text((left + 18, middle), name, INK, letters, "lm")
        left += 30 + round(letters.getlength(name))


def cell_texts(crystal: Crystal) -> tuple[str, str]:
    """Return edges and angles of a cell as two lines of text."""
    a, b, c = crystal.lengths
    alpha, beta, gamma = crystal.angles
    return (
        f"edges {a:.3f}, {b:.3f}, {c:.3f} A",
        f"angles {alpha:.2f}, {beta:.2f}, {gamma:.2f}°",
    )


def _name_axes(picture: Image.Image, scene: Scene, scale: float, radii: Floats) -> None:
    """Write a, b and c beyond the ends of the edges that meet in the origin.

    They are moved to where neither an atom nor a bond is drawn.
    """
    from PIL import ImageDraw

    draw, letters = ImageDraw.Draw(picture), font(12)
    size = np.array(picture.size)
    origin, *ends = scene.axes[:, :2] * (scale, -scale) + size / 2
    start, stop = scene.places[scene.bonds.T]
    along = np.linspace(start, stop, _ALONG).reshape(-1, 3)
    drawn = np.concatenate([scene.places, along])[:, :2] * (scale, -scale) + size / 2
    reach = scale * np.append(radii, np.full(len(along), _BOND_A))
    for name, end in zip("abc", ends, strict=True):
        away = end - origin
        if np.linalg.norm(away) > 1:
            around = _around(end, away)
            inside = (np.abs(around - size / 2) <= size / 2 - _LETTER).all(axis=1)
            apart = np.linalg.norm(around[:, None] - drawn, axis=2) - reach
            free = inside & (apart.min(axis=1) > _LETTER)
            x, y = around[int(free.argmax())]  # the first of all where none is
            draw.text((x, y), name, FAINT, letters, "mm", stroke_width=2, stroke_fill=PAPER)


def _around(end: Floats, away: Floats) -> Floats:
    """Return places (n, 2) for what stands beyond the end of an edge, the best first."""
    far, aside = np.meshgrid(np.arange(_LETTER, 8 * _LETTER, 2), np.arange(-90, 91, 15))
    order = (far + np.abs(aside) / 6).ravel().argsort(kind="stable")
    angles = np.radians(aside.ravel()[order]) + np.arctan2(away[1], away[0])
    steps = np.stack([np.cos(angles), np.sin(angles)], axis=1) * far.ravel()[order, None]
    return np.asarray(end + steps)
