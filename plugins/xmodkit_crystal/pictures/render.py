"""Spheres and rods in front of each other, without perspective: what is nearest is seen."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from xmodkit_crystal.pictures.colours import Colour

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Canvas"]

Floats = NDArray[np.float64]
_Window = tuple[slice, slice]

_FINE: Final = 3  # drawn this much larger and averaged: smooth rims
_LIGHT: Final = np.array([-0.42, 0.52, 0.74])  # from the upper left, in front
_HALFWAY: Final = np.array([-0.225, 0.279, 0.933])  # between the light and the eye
_AMBIENT: Final = 0.5
_GLOSS, _SHARPNESS = 0.45, 40
_RIM: Final = 0.42  # below this slope towards the eye a surface is drawn darker, as an outline
_FAR: Final = 0.5  # how much paler the farthest point is


class Canvas:
    """A picture `width` by `height` pixels of points in A: x to the right, y up, z to the eye.

    The point (0, 0) lies in the middle; `scale` is in pixels per A.
    """

    def __init__(self, width: int, height: int, scale: float) -> None:
        self._scale = scale * _FINE
        shape = (height * _FINE, width * _FINE)
        self._depth = np.full(shape, -np.inf)
        self._colours: Floats = np.ones((*shape, 3))

    def sphere(self, centre: Floats, radius: float, colour: Colour) -> None:
        """Draw a sphere; `radius` in A."""
        window, x, y = self._window(centre[:2] - radius, centre[:2] + radius)
        x, y = (x - centre[0]) / radius, (y - centre[1]) / radius
        inside = x**2 + y**2 < 1
        up = np.sqrt(np.where(inside, 1 - x**2 - y**2, 0))
        normals = np.stack(np.broadcast_arrays(x, y, up), axis=-1)
        self._draw(window, np.where(inside, centre[2] + radius * up, -np.inf), normals, colour)

    def rod(
        self, start: Floats, end: Floats, radius: float, colour: Colour, parts: int = 1
    ) -> None:
        """Draw a cylinder without its ends; in `parts`, a long one that lies askew is quicker."""
        if parts > 1:
            joints = np.linspace(start, end, parts + 1)
            for part in pairwise(joints):
                self.rod(*part, radius, colour)
            return
        length = float(np.linalg.norm(end - start))
        axis = (end - start) / length
        flat = float(np.hypot(axis[0], axis[1]))
        if flat < 1e-3:  # seen from its end
            return
        along = axis[:2] / flat  # on the paper
        low, high = np.minimum(start, end)[:2] - radius, np.maximum(start, end)[:2] + radius
        window, x, y = self._window(low, high)
        x, y = x - start[0], y - start[1]
        aside = (along[0] * y - along[1] * x) / radius
        over = np.sqrt(np.maximum(1 - aside**2, 0))
        # A point of the surface is start + axis t + radius (aside n + over m): n lies on the
        # paper, m is at right angles to n and to the axis.
        t = (along[0] * x + along[1] * y + radius * over * axis[2]) / flat
        inside = (np.abs(aside) < 1) & (t >= 0) & (t <= length)
        depth = start[2] + axis[2] * t + radius * over * flat
        n, m = np.array([-along[1], along[0], 0]), np.array([*(-axis[2] * along), flat])
        normals = aside[..., None] * n + over[..., None] * m
        self._draw(window, np.where(inside, depth, -np.inf), normals, colour)

    def image(self) -> Image.Image:
        """Return the picture, RGB on white; what is far away is paler."""
        from PIL import Image

        drawn = np.isfinite(self._depth)
        away = np.zeros(self._depth.shape)
        if drawn.any():
            depth = self._depth[drawn]
            away[drawn] = (depth.max() - depth) / max(float(np.ptp(depth)), 1.0)
        paler = 1 - (1 - self._colours) * (1 - _FAR * away[..., None])
        return Image.fromarray(np.round(255 * paler).astype(np.uint8)).reduce(_FINE)

    def _window(self, low: Floats, high: Floats) -> tuple[_Window, Floats, Floats]:
        """Return the pixels that hold a box, and where their columns and rows lie in A."""
        height, width = self._depth.shape
        left, right = np.clip(
            [low[0] * self._scale + width / 2, high[0] * self._scale + width / 2 + 1], 0, width
        ).astype(int)
        top, bottom = np.clip(
            [height / 2 - high[1] * self._scale, height / 2 - low[1] * self._scale + 1], 0, height
        ).astype(int)
        x = (np.arange(left, right) + 0.5 - width / 2) / self._scale
        y = (height / 2 - np.arange(top, bottom) - 0.5) / self._scale
        return (slice(top, bottom), slice(left, right)), x[None], y[:, None]

    def _draw(self, window: _Window, depth: Floats, normals: Floats, colour: Colour) -> None:
        """Keep what is nearer than all before it, shaded."""
        nearer = depth > self._depth[window]
        self._depth[window][nearer] = depth[nearer]
        facing = normals[nearer]
        light = _AMBIENT + (1 - _AMBIENT) * np.maximum(facing @ _LIGHT, 0)
        light = light * np.clip(facing[:, 2] / _RIM, 0.55, 1)
        gloss = _GLOSS * np.maximum(facing @ _HALFWAY, 0) ** _SHARPNESS
        shaded = light[:, None] * np.asarray(colour) / 255
        self._colours[window][nearer] = shaded + (1 - shaded) * gloss[:, None]
