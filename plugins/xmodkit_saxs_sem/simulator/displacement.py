"""How a pattern departs from a perfect one: smooth random displacements, and dislocations."""

from __future__ import annotations

import numpy as np

from xmodkit_saxs_sem.simulator.grid import Floats, Grid
from xmodkit_saxs_sem.simulator.parameters import Film

__all__ = ["ROUGHNESS_LENGTH_NM", "add_dislocations", "random_field", "wander"]

ROUGHNESS_LENGTH_NM = 10.0
_PAIR_SPACINGS = (1.0, 4.0)  # how far apart the two dislocations of a pair lie
_REACH = 5.0  # times that distance: where a pair's strain has been let go to nothing


def random_field(grid: Grid, length_nm: float, rng: np.random.Generator) -> Floats:
    """Return a Gaussian random field (rows, columns) of mean 0 and variance 1.

    White noise on nodes `length_nm` apart, smoothed by a Gaussian of that sigma: isotropic, with
    the correlation exp(-r^2 / (4 length^2)).
    """
    down = _smoothing(grid.rows, grid.pixel_nm / length_nm)
    across = _smoothing(grid.columns, grid.pixel_nm / length_nm)
    noise: Floats = rng.standard_normal((down.shape[1], across.shape[1]), dtype=np.float32)
    field: Floats = down @ (noise @ across.T)
    return field


def _smoothing(points: int, ratio: float) -> Floats:
    place = np.arange(points) * ratio
    nodes = np.arange(-4, int(np.ceil(place[-1])) + 5)
    # The squares of a row sum to sqrt(pi), whatever its place between the nodes (to 1e-4).
    kernel = np.exp(-0.5 * (place[:, None] - nodes) ** 2) / np.pi**0.25
    weights: Floats = kernel.astype(np.float32)
    return weights


def wander(film: Film, grid: Grid, rng: np.random.Generator) -> Floats:
    """Return one component of the displacement in nm (rows, columns): wandering and roughness."""
    slow: Floats = film.wander_nm * random_field(grid, film.wander_length_nm, rng)
    fast: Floats = film.roughness_nm * random_field(grid, ROUGHNESS_LENGTH_NM, rng)
    return slow + fast


def add_dislocations(
    phases: list[Floats], film: Film, grid: Grid, rng: np.random.Generator
) -> None:
    """Add pairs of opposite dislocations, in place, to the phases (radians) of a pattern's waves.

    The phase of one wave winds by 2 pi around one end of a pair and by -2 pi around the other, so
    that a line ends at each. Their strain is tapered: a pair far away changes nothing.
    """
    count = rng.poisson(0.5 * film.defects_per_um2 * grid.area_um2)
    height, width = (size * grid.pixel_nm for size in grid.shape)
    for _ in range(count):
        x, y = rng.uniform(0.0, width), -rng.uniform(0.0, height)
        length = film.spacing_nm * rng.uniform(*_PAIR_SPACINGS)
        half = 0.5 * length * np.exp(1j * rng.uniform(0.0, 2 * np.pi))
        wave = phases[rng.integers(len(phases))]
        _add_pair(wave, grid, complex(x, y), half, _REACH * length)


def _add_pair(phase: Floats, grid: Grid, centre: complex, half: complex, reach: float) -> None:
    columns = _near(grid.columns, grid.pixel_nm, centre.real, reach)
    rows = _near(grid.rows, grid.pixel_nm, -centre.imag, reach)
    place = grid.x()[columns] + 1j * grid.y()[rows, None] - centre
    taper = np.clip(1.5 - 1.5 * np.abs(place) / reach, 0.0, 1.0)
    taper = taper * taper * (3.0 - 2.0 * taper)
    # The principal value jumps only between the two ends, by 2 pi, where the taper is 1.
    phase[rows, columns] += taper * np.angle((place - half) * np.conj(place + half))


def _near(size: int, pixel_nm: float, centre: float, reach: float) -> slice:
    return slice(
        max(0, int((centre - reach) / pixel_nm)), min(size, int((centre + reach) / pixel_nm) + 1)
    )
