"""A regular grid of cells over a plate: where each cell lies, how it is called, how it is cut."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, UsageError

__all__ = ["Box", "Cell", "Grid", "cut", "divide", "parse_grid", "parse_region", "tile", "trimmed"]

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels; x1 and y1 lie outside
Pixels = NDArray[np.uint8]

_LEAST_CELL = 4  # pixels


@dataclass(frozen=True)
class Cell:
    """One cell: its name (`B3`: second row, third column), indices from 0, and box."""

    name: str
    row: int
    column: int
    box: Box


@dataclass(frozen=True)
class Grid:
    """Cells at a fixed pitch, all of one size, so that their crops fit one batch.

    `left` and `top` are the corner of the first cell before trimming, `pitch` the distance of the
    cells' centres and `size` the width and height of every crop; all in pixels.
    """

    rows: int
    columns: int
    left: float
    top: float
    pitch: tuple[float, float]
    size: tuple[int, int]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell, row by row."""
        return tuple(
            Cell(f"{_letters(row)}{column + 1}", row, column, self._box(row, column))
            for row in range(self.rows)
            for column in range(self.columns)
        )

    def _box(self, row: int, column: int) -> Box:
        width, height = self.size
        x = round(self.left + (column + 0.5) * self.pitch[0] - width / 2)
        y = round(self.top + (row + 0.5) * self.pitch[1] - height / 2)
        return x, y, x + width, y + height


def divide(region: Box, rows: int, columns: int, margin: float = 0.0) -> Grid:
    """Divide a region into equal cells and trim each by `margin` of its size on every side."""
    x0, y0, x1, y1 = region
    pitch = (x1 - x0) / columns, (y1 - y0) / rows
    return Grid(rows, columns, x0, y0, pitch, trimmed(pitch, margin))


def tile(region: Box, pitch: tuple[float, float], margin: float = 0.0) -> Grid:
    """Fill a region with whole cells of a pitch, in pixels, from its upper left corner.

    A region drawn by hand may lack up to a tenth of the last cell: then all cells are trimmed so
    that they lie inside.
    """
    x0, y0, x1, y1 = region
    columns = math.floor((x1 - x0) / pitch[0] + 0.1)
    rows = math.floor((y1 - y0) / pitch[1] + 0.1)
    if rows < 1 or columns < 1:
        raise InputError(
            f"a pitch of {pitch[0]:.1f} x {pitch[1]:.1f} pixels does not fit into "
            f"{x1 - x0} x {y1 - y0} pixels; check --pitch-mm, --dpi and --region"
        )
    lack_x = max(0.0, columns * pitch[0] - (x1 - x0))
    lack_y = max(0.0, rows * pitch[1] - (y1 - y0))
    size = trimmed(pitch, margin, (lack_x, lack_y))
    return Grid(rows, columns, x0 - lack_x / 2, y0 - lack_y / 2, pitch, size)


def cut(pixels: Pixels, grid: Grid) -> Iterator[tuple[Cell, Pixels]]:
    """Yield each cell with its crop: contiguous copies, so that the plate can be let go."""
    for cell in grid.cells:
        x0, y0, x1, y1 = cell.box
        yield cell, np.ascontiguousarray(pixels[y0:y1, x0:x1])


def trimmed(
    pitch: tuple[float, float], margin: float, lack: tuple[float, float] = (0.0, 0.0)
) -> tuple[int, int]:
    """Return the size of cells trimmed by `margin` on every side, and by at least `lack` in all."""
    if not 0 <= margin < 0.5:
        raise UsageError(f"--margin {margin:g} given; 0 up to (not including) 0.5 expected")
    width, height = (
        math.floor(min(p * (1 - 2 * margin), p - missing) + 1e-6)
        for p, missing in zip(pitch, lack, strict=True)
    )
    if min(width, height) < _LEAST_CELL:
        raise InputError(
            f"cells of {width} x {height} pixels are too small to read; check the grid and margin"
        )
    return width, height


def parse_grid(text: str) -> tuple[int, int]:
    """Return (rows, columns) of text such as `7x4`; raise `UsageError` for anything else."""
    match = re.fullmatch(r"\s*(\d+)\s*[xX×]\s*(\d+)\s*", text)
    rows, columns = (int(match[1]), int(match[2])) if match else (0, 0)
    if rows < 1 or columns < 1:
        raise UsageError(f"--grid {text!r} given; ROWSxCOLS expected, e.g. 7x4")
    return rows, columns


def parse_region(text: str) -> Box:
    """Return (x0, y0, x1, y1) of text such as `362,268,926,784`, or raise `UsageError`."""
    match = re.fullmatch(r"\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*", text)
    if match is not None:
        x0, y0, x1, y1 = (int(number) for number in match.groups())
        if x0 < x1 and y0 < y1:
            return x0, y0, x1, y1
    raise UsageError(
        f"--region {text!r} given; x0,y0,x1,y1 in pixels expected, upper left corner first"
    )


def _letters(row: int) -> str:
    """Return A..Z, AA, AB.. for row 0, 1, .., as on well plates."""
    text = ""
    row += 1
    while row:
        row, digit = divmod(row - 1, 26)
        text = chr(ord("A") + digit) + text
    return text
