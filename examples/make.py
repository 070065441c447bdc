"""Write the example scans and the example plate: simulated, seeded, the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from xmodkit.pair import Sample
from xmodkit_uvvis.simulator import simulate

HERE = Path(__file__).parent
SEED = 2024
ROWS, COLUMNS, CELL = 4, 6, 101
MM_PER_INCH, DPI = 25.4, 1200


def regular(n: int) -> list[Sample]:
    """Return the first n whole drops and blanks scanned at the nominal size."""
    found: list[Sample] = []
    for sample in simulate(40 * n, SEED):
        fits = sample.arrays["scan"]["scan"].shape == (CELL, CELL, 3)
        if fits and sample.metadata["lot"] in ("regular", "blank"):
            found.append(sample)
        if len(found) == n:
            break
    return found


def main() -> None:
    """Write examples/scans/*.png and examples/plate.png."""
    samples = regular(12 + ROWS * COLUMNS)
    scans = HERE / "scans"
    scans.mkdir(exist_ok=True)
    for sample in samples[:12]:
        Image.fromarray(sample.arrays["scan"]["scan"]).save(scans / f"{sample.id}.png")
    cells = [s.arrays["scan"]["scan"] for s in samples[12:]]
    rows = [np.hstack(cells[i * COLUMNS : (i + 1) * COLUMNS]) for i in range(ROWS)]
    Image.fromarray(np.vstack(rows)).save(HERE / "plate.png", dpi=(DPI, DPI))


if __name__ == "__main__":
    main()
