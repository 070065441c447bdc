"""Scanning electron micrographs: contrast, edges, holes, charging, jitter, blur and dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xmodkit_saxs_sem.simulator.displacement import random_field
from xmodkit_saxs_sem.simulator.grid import Floats, Grid, refined
from xmodkit_saxs_sem.simulator.morphology import density, level_field
from xmodkit_saxs_sem.simulator.parameters import Film

__all__ = ["Microscope", "draw_microscope", "micrograph"]

_SLOW_NM = 400.0  # length of uneven brightness
_SLOW_PIXEL_NM = 40.0
_MARGIN = 16  # px at either side, into which rows are shifted


@dataclass(frozen=True)
class Microscope:
    """One setting of the microscope; grey levels of 255."""

    dark: float
    contrast: float  # bright phase over dark phase
    edge: float  # of interfaces over what lies between the phases
    hole: float  # the substrate, below the dark phase
    holes_per_um2: float
    uneven: float  # rms of slow charging
    slope: tuple[float, float]  # from one side to the other, down and across
    streak: float  # rms of the rows' brightness
    jitter: float  # rms shift of rows, px
    drift: float  # px over the whole field
    blur: float  # sigma, px
    noise: float  # rms at the bright phase's level


def draw_microscope(rng: np.random.Generator) -> Microscope:
    """Draw one setting."""
    return Microscope(
        dark=rng.uniform(50.0, 80.0),
        contrast=rng.uniform(70.0, 110.0),
        edge=rng.uniform(4.0, 22.0),
        hole=rng.uniform(25.0, 40.0),
        holes_per_um2=float(rng.choice((0.0, 0.0, 0.2, 0.6))),
        uneven=rng.uniform(1.0, 6.0),
        slope=(float(rng.normal(0.0, 5.0)), float(rng.normal(0.0, 5.0))),
        streak=rng.uniform(0.5, 3.0),
        jitter=rng.uniform(0.1, 0.45),
        drift=float(rng.normal(0.0, 4.0)),
        blur=rng.uniform(0.6, 1.2),
        noise=rng.uniform(8.0, 22.0),
    )


def micrograph(
    film: Film,
    level: float,
    microscope: Microscope,
    shape: tuple[int, int],
    pixel_nm: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Return a micrograph (rows, columns) of the film's top layer.

    `level` is that of the film's level field above which the bright phase lies.
    """
    grid = Grid(shape[0], shape[1] + 2 * _MARGIN, pixel_nm)
    share = density(film, level_field(film, grid, rng), level)
    grey = _grey(share, microscope)
    _pierce(grey, grid, microscope, rng)
    seen = _scanned(grey, microscope, rng)
    seen += _charging(Grid(*shape, pixel_nm), microscope, rng)
    return _counted(seen, microscope, rng)


def _grey(share: Floats, microscope: Microscope) -> Floats:
    """Return grey levels (rows, columns) of the two phases, and of the edges between them."""
    edge = share * (np.float32(1.0) - share)
    edge *= np.float32(4.0 * microscope.edge)
    edge += np.float32(microscope.dark)
    edge += np.float32(microscope.contrast) * share
    return edge


def _pierce(grey: Floats, grid: Grid, microscope: Microscope, rng: np.random.Generator) -> None:
    """Open holes down to the substrate, in place, each with a bright rim."""
    dark, rim = microscope.dark - microscope.hole, 0.25 * microscope.contrast
    for _ in range(rng.poisson(microscope.holes_per_um2 * grid.area_um2)):
        row, column = rng.uniform(0, grid.rows), rng.uniform(0, grid.columns)
        radius = rng.uniform(6.0, 16.0) / grid.pixel_nm
        reach = int(2 * radius) + 4
        rows = np.arange(max(0, int(row) - reach), min(grid.rows, int(row) + reach))
        columns = np.arange(max(0, int(column) - reach), min(grid.columns, int(column) + reach))
        away = np.hypot(rows[:, None] - row, columns - column) - radius
        inside = (0.5 - 0.5 * np.tanh(away)).astype(np.float32)
        part = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        part += inside * (np.float32(dark) - part)
        part += (rim * np.exp(-0.5 * (away - 1.0) ** 2)).astype(np.float32)


def _scanned(grey: Floats, microscope: Microscope, rng: np.random.Generator) -> Floats:
    """Return the field without its margins, blurred, its rows shifted by jitter and drift."""
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(grey, microscope.blur, truncate=3.0)
    rows, columns = grey.shape
    drift = microscope.drift * np.linspace(-0.5, 0.5, rows)
    shift = drift + microscope.jitter * rng.standard_normal(rows)
    shift = np.clip(shift, 1 - _MARGIN, _MARGIN - 2)
    whole = np.floor(shift).astype(np.int64)
    part = (shift - whole).astype(np.float32)[:, None]
    width = columns - 2 * _MARGIN
    views = np.lib.stride_tricks.sliding_window_view(blurred, width + 1, axis=1)
    window = views[np.arange(rows), _MARGIN + whole]
    scanned: Floats = window[:, :-1] + part * (window[:, 1:] - window[:, :-1])
    return scanned


def _charging(grid: Grid, microscope: Microscope, rng: np.random.Generator) -> Floats:
    """Return what charging adds (rows, columns): slow unevenness, a slope, streaks along rows."""
    coarse = grid.coarse(_SLOW_PIXEL_NM)
    slow = microscope.uneven * random_field(coarse, _SLOW_NM, rng)
    slow += (microscope.slope[0] * np.linspace(-0.5, 0.5, coarse.rows))[:, None]
    slow += microscope.slope[1] * np.linspace(-0.5, 0.5, coarse.columns)
    added: Floats = refined(slow.astype(np.float32), coarse, grid)
    streaks = microscope.streak * rng.standard_normal(grid.rows)
    added += streaks.astype(np.float32)[:, None]
    return added


def _counted(seen: Floats, microscope: Microscope, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return whole grey levels with the noise of a dose: its variance grows with brightness."""
    bright = microscope.dark + microscope.contrast
    noise = rng.standard_normal(seen.shape, dtype=np.float32)
    np.maximum(seen, 0.0, out=seen)
    noise *= np.sqrt(seen * np.float32(microscope.noise**2 / bright))
    noise += seen
    np.rint(noise, out=noise)
    np.clip(noise, 0.0, 255.0, out=noise)
    return noise.astype(np.uint8)
