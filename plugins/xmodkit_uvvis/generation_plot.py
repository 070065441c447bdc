"""Draw generated scans as a grid over inflection and slope, their spectra beside each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from xmodkit.curveplot import FINE
from xmodkit.modality import Array
from xmodkit.sheet import font
from xmodkit_uvvis.modalities import ENERGY_EV
from xmodkit_uvvis.spectrum_plot import ACCENT, CURVE, FAINT, FRAME, INK, PAPER

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

__all__ = ["Panel", "draw_panels"]

GRID: Final = 512  # pixels along the longer side of a grid of scans
CELLS: Final = (32, 64)  # smallest and largest cell
LEFT, TOP, BOTTOM, RIGHT = 62, 58, 62, 20
STRIP, GAP = 132, 14  # width of the spectra beside a grid, and the space before it
PALE = "#d3e3ef"  # the gentlest slope; the steepest is CURVE
SMALL, WORDS = 12, 13


@dataclass(frozen=True)
class Panel:
    """A grid of spectra and the scans generated for them, for one maximum and one latent.

    Rows follow the inflections (eV), columns the slopes (1/eV): spectra (rows, columns, 220),
    scans (rows, columns, y, x, 3), novelty and novel (rows, columns).
    """

    maximum: float
    inflections: NDArray[np.float64]
    slopes: NDArray[np.float64]
    spectra: NDArray[np.float32]
    scans: NDArray[np.uint8]
    novelty: Array
    novel: NDArray[np.bool_]


def draw_panels(panels: Sequence[Panel], title: str = "") -> Image.Image:
    """Return one RGB picture of panels from left to right, inflection rising up the rows."""
    from PIL import Image

    drawn = [_draw_panel(panel) for panel in panels]
    picture = Image.new("RGB", (sum(p.width for p in drawn), max(p.height for p in drawn)), PAPER)
    left = 0
    for part in drawn:
        picture.paste(part, (left, 0))
        left += part.width
    _write_footer(picture, title, any(panel.novel.any() for panel in panels))
    return picture


def _draw_panel(panel: Panel) -> Image.Image:
    from PIL import Image, ImageDraw

    rows, columns = panel.novel.shape
    cell = int(np.clip(GRID // max(rows, columns), *CELLS))
    width, height = columns * cell, rows * cell
    size = (LEFT + width + GAP + STRIP + RIGHT, TOP + height + BOTTOM)
    picture = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(picture)
    for row, column in np.ndindex(rows, columns):
        corner = (LEFT + column * cell, TOP + (rows - 1 - row) * cell)
        scan = Image.fromarray(panel.scans[row, column])
        picture.paste(scan.resize((cell - 2, cell - 2), Image.Resampling.LANCZOS), corner)
        if panel.novel[row, column]:
            x, y = corner[0] + cell - 9, corner[1] + 3
            draw.ellipse((x, y, x + 4, y + 4), ACCENT)
    for row in range(rows):
        box = (LEFT + width + GAP, TOP + (rows - 1 - row) * cell, STRIP, cell - 2)
        _draw_spectra(picture, box, panel.spectra[row], panel.maximum)
    _draw_axes(draw, panel, cell)
    return picture


def _draw_spectra(
    picture: Image.Image, box: tuple[int, int, int, int], spectra: Array, maximum: float
) -> None:
    """Draw one row's spectra into a box (left, top, width, height), steeper ones darker."""
    from PIL import Image, ImageColor, ImageDraw

    left, top, width, height = box
    plot = Image.new("RGB", (width * FINE, height * FINE), PAPER)
    draw = ImageDraw.Draw(plot)
    x = np.linspace(0, width * FINE, len(ENERGY_EV))
    pale, dark = (np.array(ImageColor.getrgb(colour)) for colour in (PALE, CURVE))
    for share, spectrum in zip(np.linspace(0, 1, len(spectra)), spectra, strict=True):
        y = (1 - 0.92 * spectrum / maximum) * (height * FINE - FINE)
        red, green, blue = (round(float(v)) for v in pale + share * (dark - pale))
        draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), (red, green, blue), FINE)
    picture.paste(plot.reduce(FINE), (left, top))
    ImageDraw.Draw(picture).rectangle((left, top, left + width, top + height), outline=FRAME)


def _draw_axes(draw: ImageDraw.ImageDraw, panel: Panel, cell: int) -> None:
    rows, columns = panel.novel.shape
    bottom, strip = TOP + rows * cell, LEFT + columns * cell + GAP
    small, words = font(SMALL), font(WORDS)
    draw.text((LEFT, 12), f"maximum {panel.maximum:g}", INK, font(17), "lt")
    draw.text((8, TOP - 8), "inflection / eV", FAINT, words, "ls")
    for row, inflection in enumerate(panel.inflections):
        y = TOP + (rows - 1 - row + 0.5) * cell
        draw.text((LEFT - 8, y), f"{inflection:.2f}", INK, small, "rm")
    for column, slope in enumerate(panel.slopes):
        if cell >= 40 or column % 2 == 0:
            draw.text((LEFT + (column + 0.5) * cell, bottom + 6), f"{slope:.3g}", INK, small, "mt")
    draw.text((LEFT + columns * cell / 2, bottom + 24), "slope / (1/eV)", FAINT, words, "mt")
    draw.text((strip + STRIP / 2, TOP - 8), "spectra, 0 to maximum", FAINT, small, "ms")
    for energy in (1.5, 2.0, 2.5, 3.0):
        share = (energy - ENERGY_EV[0]) / (ENERGY_EV[-1] - ENERGY_EV[0])
        x = strip + share * STRIP
        draw.line((x, bottom - 1, x, bottom + 3), FAINT)
        draw.text((x, bottom + 6), f"{energy:.1f}", INK, small, "mt")
    draw.text((strip + STRIP / 2, bottom + 24), "energy / eV", FAINT, words, "mt")


def _write_footer(picture: Image.Image, title: str, novel: bool) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(picture)
    y = picture.height - 10
    draw.text((LEFT, y), title, FAINT, font(SMALL), "ls")
    if novel:
        x = LEFT + font(SMALL).getlength(title) + 24
        draw.ellipse((x, y - 7, x + 4, y - 3), ACCENT)
        draw.text((x + 10, y), "unlike the training spectra", FAINT, font(SMALL), "ls")
