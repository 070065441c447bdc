"""Halide perovskite films ageing under a camera: yellowness against predicted band gap, per film.

    xmod infer --plugin uvvis PLATES... --grid 7x4 --region 362,268,926,784 --out aging.zarr
    python benchmarks/aging.py aging.zarr PLATES...

The films are MAPbI3 (1.6 eV, black) turning to PbI2 (2.3-2.4 eV, yellow). The model was trained on
simulated oxide scans: this asks how far it carries. Yellowness is CIELAB b* after dividing by the
brightest patch of the colour checker's grey row (its white), film by film.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import spearmanr
from skimage.color import rgb2lab

from xmodkit.store import StoreReader

ROWS, COLUMNS = 7, 4
REGION = (362, 268, 926, 784)  # px: the films
CHECKER = (575, 30, 800, 190)  # px: the colour checker beside them
BLACK_EV, YELLOW_EV = 1.8, 2.1
TRIM = 0.25


def white(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the checker's white: the mean of its brightest percent of pixels."""
    x0, y0, x1, y1 = CHECKER
    patch = image[y0:y1, x0:x1].reshape(-1, 3)
    brightness = patch.sum(axis=1)
    return patch[brightness >= np.quantile(brightness, 0.99)].mean(axis=0)


def films(path: Path) -> NDArray[np.float64]:
    """Return L*, a*, b* of every film's middle, white-referenced: (28, 3)."""
    image = np.asarray(Image.open(path).convert("RGB")).astype(float)
    reference = white(image)
    x0, y0, x1, y1 = REGION
    height, width = (y1 - y0) / ROWS, (x1 - x0) / COLUMNS
    colours = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            top, left = y0 + (row + TRIM) * height, x0 + (column + TRIM) * width
            bottom, right = top + (1 - 2 * TRIM) * height, left + (1 - 2 * TRIM) * width
            film = image[int(top) : int(bottom), int(left) : int(right)].mean(axis=(0, 1))
            colours.append(np.clip(film / reference, 0, 1))
    return np.asarray(rgb2lab(np.array(colours)[None])[0])


def gap_text(value: float, status: str) -> str:
    """Return a gap as people read it."""
    sign = {"above": ">", "below": "<", "none": ""}.get(status, "")
    return "none" if status == "none" else f"{sign}{value:.2f}"


def main() -> None:
    """Print the table and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("plates", type=Path, nargs="+", help="in the order of the store")
    arguments = parser.parse_args()
    reader = StoreReader(arguments.store)
    sources = [Path(str(s)).name for s in reader.read("source")]
    gap, status = reader.read("band_gap"), reader.read("band_gap_status")
    novel = reader.read("novel")
    plates = sorted(arguments.plates, key=lambda path: path.name)
    lab = {path.name: films(path) for path in plates}
    places = {p.name: [i for i, s in enumerate(sources) if s == p.name] for p in plates}
    first, last = plates[0].name, plates[-1].name
    print(f"{len(sources)} films, {novel.mean():.0%} flagged novel")
    print(f"film   b* {first[:8]}  b* {last[:8]}  change   gap       gap       change")
    moved = []
    for film in range(ROWS * COLUMNS):
        before, after = places[first][film], places[last][film]
        b0, b1 = lab[first][film, 2], lab[last][film, 2]
        change = gap[after] - gap[before]
        moved.append((b1 - b0, change))
        print(
            f"r{film // COLUMNS + 1}c{film % COLUMNS + 1}   {b0:10.1f}  {b1:10.1f}  {b1 - b0:+6.1f}"
            f"   {gap_text(gap[before], status[before]):<8}  "
            f"{gap_text(gap[after], status[after]):<8}  {change:+.2f}"
        )
    yellowing, opening = np.array(moved).T
    known = np.isfinite(opening)
    rank = spearmanr(yellowing[known], opening[known])
    print(
        f"change in b* against change in gap: Spearman {rank.statistic:+.2f} "
        f"(p {rank.pvalue:.3f}, {known.sum()} films with both gaps)"
    )
    everything = [
        (lab[name][film], gap[places[name][film]]) for name in lab for film in range(ROWS * COLUMNS)
    ]
    colours = np.array([colour for colour, _ in everything])
    gaps = np.array([value for _, value in everything])
    chroma = np.hypot(colours[:, 1], colours[:, 2])
    black = (colours[:, 0] <= np.quantile(colours[:, 0], 0.25)) & (chroma < 15)
    yellow = np.argsort(colours[:, 2])[-10:]
    dark, bright = gaps[black], gaps[yellow]
    print(
        f"black films at most {BLACK_EV} eV: {(dark <= BLACK_EV).sum()} of {len(dark)} "
        f"(median {np.nanmedian(dark):.2f} eV)"
    )
    print(
        f"ten yellowest at least {YELLOW_EV} eV: {(bright >= YELLOW_EV).sum()} of {len(bright)} "
        f"(median {np.nanmedian(bright):.2f} eV)"
    )


if __name__ == "__main__":
    main()
