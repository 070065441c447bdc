"""Simulated plates, drops of known places on glass, for every test of the readers."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

GLASS = np.array([235, 238, 240])


def plate(
    rows: int,
    columns: int,
    *,
    pitch: float = 40.0,
    diameter: float = 0.6,
    corner: tuple[float, float] = (50, 70),
    size: tuple[int, int] | None = None,
    noise: float = 3.0,
    missing: float = 0.0,
    strength: float = 1.0,
    slope: float = 0.0,
    rings: bool = False,
    seed: int = 0,
) -> np.ndarray:
    """Return a plate (y, x, 3) uint8 whose first cell starts at `corner`; `diameter` in pitches."""
    rng = np.random.default_rng(seed)
    width, height = size or (
        int(2 * corner[0] + columns * pitch),
        int(2 * corner[1] + rows * pitch),
    )
    fine = 4
    image = Image.new("RGB", (width * fine, height * fine), tuple(GLASS.tolist()))
    draw = ImageDraw.Draw(image)
    for row, column in np.ndindex(rows, columns):
        radius = diameter * pitch / 2 * fine * rng.uniform(0.9, 1.05)
        drop = rng.uniform((60, 40, 20), (230, 200, 160))
        if rng.random() < missing:
            continue
        x = (corner[0] + (column + 0.5) * pitch) * fine
        y = (corner[1] + (row + 0.5) * pitch) * fine
        rim, inside = strength * (drop - GLASS), (0.15 if rings else strength) * (drop - GLASS)
        draw.ellipse(
            (x - radius, y - radius, x + radius, y + radius),
            fill=tuple((GLASS + inside).astype(int).tolist()),
            outline=tuple((GLASS + rim).astype(int).tolist()),
            width=int(0.08 * pitch * fine),
        )
    pixels = np.asarray(image.reduce(fine)).astype(float)
    pixels += slope * np.linspace(-1, 1, width)[None, :, None]
    pixels += rng.normal(0, noise, pixels.shape)
    return pixels.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def draw_plate() -> Callable[..., np.ndarray]:
    return plate
