"""Whole-plate scans: lay the grid that the options ask for, and draw it for a look beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from xmodkit.errors import InputError, UsageError
from xmodkit.images import ImageFile
from xmodkit_uvvis.reading.finding import find_grid
from xmodkit_uvvis.reading.grid import Box, Grid, divide, parse_grid, parse_region, tile

__all__ = ["draw_grid", "is_plate", "lay_grid"]

_MM_PER_INCH = 25.4
_PREVIEW_SIDE = 2000  # pixels


def is_plate(options: Mapping[str, Any]) -> bool:
    """Return whether the options say that an image is a plate, to be cut into cells.

    Raise `UsageError` for options of a plate without one that says how to cut it.
    """
    if any(options.get(key) for key in ("grid", "pitch_mm", "plate")):
        return True
    for key in ("region", "dpi", "plate_map", "margin"):
        if options.get(key):
            flag = f"--{key.replace('_', '-')}"
            raise UsageError(f"{flag} needs a plate: give --grid, --pitch-mm or --plate with it")
    return False


def lay_grid(image: ImageFile, options: Mapping[str, Any]) -> tuple[Grid, tuple[str, ...]]:
    """Return the grid over a plate, and notices of what was taken from the file or found.

    `grid` divides the region (default: the whole image); `pitch_mm` fills the region from its
    upper left corner, or finds the drops where no region is given; `plate` finds pitch and drops,
    and with `grid` the count found must be that one. `margin` trims every cell.

    Raise `UsageError` for options that contradict each other, `InputError` where the image has no
    such grid.
    """
    margin = float(options.get("margin") or 0.0)
    region = _region(image, options.get("region"))
    shape = parse_grid(str(options["grid"])) if options.get("grid") else None
    if options.get("pitch_mm"):
        if shape is not None:
            raise UsageError("--grid and --pitch-mm given; give one of them")
        return _lay_pitch(image, region, options, margin)
    if options.get("plate"):
        grid = find_grid(image.pixels, region, margin=margin)
        _check_count(grid, shape)
        return grid, (_found(grid),)
    if shape is None:
        raise UsageError("no grid given; give --grid, --pitch-mm or --plate")
    return divide(region, *shape, margin), ()


def _lay_pitch(
    image: ImageFile, region: Box, options: Mapping[str, Any], margin: float
) -> tuple[Grid, tuple[str, ...]]:
    pitch_mm = float(options["pitch_mm"])
    dpi, notices = _resolution(image, options.get("dpi"))
    if pitch_mm < 0 or min(dpi) <= 0:
        raise UsageError(f"--pitch-mm {pitch_mm:g}, --dpi {dpi[0]:g}: positive numbers expected")
    pitch = pitch_mm / _MM_PER_INCH * dpi[0], pitch_mm / _MM_PER_INCH * dpi[1]
    if options.get("region"):
        return tile(region, pitch, margin), notices
    grid = find_grid(image.pixels, region, pitch=pitch, margin=margin)
    return grid, (*notices, _found(grid))


def _resolution(
    image: ImageFile, given: float | None
) -> tuple[tuple[float, float], tuple[str, ...]]:
    if given:
        return (float(given), float(given)), ()
    if image.dpi is None:
        raise InputError("the image does not state its resolution; give --dpi with --pitch-mm")
    return image.dpi, (f"resolution of {image.dpi[0]:.0f} dpi taken from the file",)


def _region(image: ImageFile, text: str | None) -> Box:
    height, width = image.pixels.shape[:2]
    if not text:
        return 0, 0, width, height
    region = parse_region(str(text))
    if region[2] > width or region[3] > height:
        raise InputError(
            f"--region {text} reaches beyond the image, which has {width} x {height} pixels"
        )
    return region


def _check_count(grid: Grid, shape: tuple[int, int] | None) -> None:
    if shape not in (None, (grid.rows, grid.columns)):
        raise InputError(
            f"{grid.rows} x {grid.columns} cells found where --grid asks for "
            f"{shape[0]} x {shape[1]}; give --grid with --region x0,y0,x1,y1 and without --plate"
        )


def _found(grid: Grid) -> str:
    return (
        f"{grid.rows} x {grid.columns} cells found at a pitch of {grid.pitch[0]:.1f} x "
        f"{grid.pitch[1]:.1f} pixels; look at them with --preview"
    )


def draw_grid(pixels: NDArray[np.uint8], grid: Grid) -> Image.Image:
    """Return a picture of the plate with every cell's box and name, at most 2000 pixels a side."""
    scale = max(1, -(-max(pixels.shape[:2]) // _PREVIEW_SIDE))
    picture = Image.fromarray(np.ascontiguousarray(pixels)).reduce(scale)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=max(8.0, min(28.0, min(grid.size) / scale / 4)))
    for cell in grid.cells:
        x0, y0, x1, y1 = (place / scale for place in cell.box)
        # Dark beside bright: one of them shows on any plate.
        draw.rectangle((x0 - 1, y0 - 1, x1, y1), outline="black")
        draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline="yellow")
        draw.text(
            (x0 + 3, y0 + 1), cell.name, "yellow", font=font, stroke_width=1, stroke_fill="black"
        )
    return picture
