"""Micrographs as microscopes store them: an information bar below the field of view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

__all__ = ["HEIGHT", "with_info_bar"]

HEIGHT = 130  # px: the published files are taller than the 830 rows that are read
_SCALE_NM = 500.0


def with_info_bar(micrograph: NDArray[np.uint8], pixel_nm: float) -> Image.Image:
    """Return a micrograph (rows, columns) as a grey picture with a bar of text and scale below."""
    rows, columns = micrograph.shape
    picture = Image.new("L", (columns, rows + HEIGHT), 0)
    picture.paste(Image.fromarray(micrograph), (0, 0))
    draw = ImageDraw.Draw(picture)
    text = f"SIMULATED   HV 2.00 kV   WD 3.0 mm   HFW {columns * pixel_nm / 1000:.2f} um"
    draw.text((16, rows + HEIGHT // 4), text, fill=255)
    right, length = columns - 16, min(_SCALE_NM / pixel_nm, columns / 3)
    line = rows + HEIGHT // 2
    draw.rectangle((right - length, line, right, line + 6), fill=255)
    draw.text((right - length, line + 16), f"{length * pixel_nm:.0f} nm", fill=255)
    draw.line((0, rows, columns, rows), fill=255)
    return picture
