"""Level fields: what is above a level is the bright phase, by morphology."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xmodkit_saxs_sem.simulator.displacement import (
    ROUGHNESS_LENGTH_NM,
    add_dislocations,
    random_field,
    wander,
)
from xmodkit_saxs_sem.simulator.grid import Complexes, Floats, Grid, refined
from xmodkit_saxs_sem.simulator.parameters import Film
from xmodkit_saxs_sem.simulator.relaxed import relaxed_pattern

__all__ = ["bottom_layer", "density", "level_field"]

_COARSE_NM = 8.0  # of the grid on which displacements are made
_DRIFT_LENGTH_NM = 300.0
_SEEN = 4  # every fourth pixel each way is enough for a quantile


def level_field(film: Film, grid: Grid, rng: np.random.Generator) -> Floats:
    """Return one realisation of a film's level field (rows, columns), of rms about 1."""
    coarse = grid.coarse(_COARSE_NM)
    if film.relaxed:
        field = relaxed_pattern(film, grid, rng)
    else:
        field = _combined(film, _waves(film, grid, coarse, rng))
        field *= 1.0 / field[::_SEEN, ::_SEEN].std()
    rough = film.width_roughness * random_field(coarse, ROUGHNESS_LENGTH_NM, rng)
    rough += film.composition_drift * random_field(coarse, _DRIFT_LENGTH_NM, rng)
    field += refined(rough, coarse, grid)
    return field


def density(film: Film, field: Floats, level: float) -> Floats:
    """Return the share of the bright phase, 0 to 1, across interfaces of tanh profile."""
    # A wave of rms 1 crosses its level with a slope of about sqrt(2) times its wave number.
    steepness = 1.0 / (film.interface_nm * film.wave_number * np.sqrt(2.0))
    share = (field - np.float32(level)) * np.float32(steepness)
    np.tanh(share, out=share)
    share *= 0.5
    share += 0.5
    return share


def bottom_layer(film: Film) -> Film | None:
    """Return the layer below, which only X-rays see; None for a film of one layer."""
    if film.morphology != "skew":
        return None
    return replace(film, orientation_deg=film.orientation_deg + film.skew_deg)


def _wave_vectors(film: Film) -> list[complex]:
    """Return the wave vectors of the pattern's independent waves in 1/nm, as kx + i ky."""
    along = film.wave_number * np.exp(1j * np.radians(film.orientation_deg))
    if film.morphology == "hexagonal":
        return [along, along * np.exp(2j * np.pi / 3)]
    cross = 1j * along / film.cross_period
    if film.morphology == "alternating":
        return [0.5 * along, cross] if film.cross_weight else [0.5 * along]
    return [along, cross] if film.morphology == "ladders" else [along]


def _waves(film: Film, grid: Grid, coarse: Grid, rng: np.random.Generator) -> list[Complexes]:
    """Return exp(i phase) (rows, columns) of each wave: plane waves, displaced and dislocated."""
    vectors = _wave_vectors(film)
    right, up = wander(film, coarse, rng), wander(film, coarse, rng)
    phases = [
        (-vector.real * right - vector.imag * up + rng.uniform(0, 2 * np.pi)).astype(np.float32)
        for vector in vectors
    ]
    add_dislocations(phases, film, coarse, rng)
    if film.morphology in ("alternating", "ladders") and len(phases) == 2:
        phases[1] += film.cross_disorder * random_field(coarse, 1.5 * film.spacing_nm, rng)
    return [
        _carried(vector, phase, grid, coarse) for vector, phase in zip(vectors, phases, strict=True)
    ]


def _carried(vector: complex, phase: Floats, grid: Grid, coarse: Grid) -> Complexes:
    """Return a plane wave times its slow envelope, which alone needs the coarse grid."""
    wave: Complexes = refined(np.exp(1j * phase).astype(np.complex64), coarse, grid)
    wave *= np.exp(1j * vector.real * grid.x()).astype(np.complex64)
    wave *= np.exp(1j * vector.imag * grid.y()).astype(np.complex64)[:, None]
    return wave


def _combined(film: Film, waves: list[Complexes]) -> Floats:
    first = waves[0]
    if film.morphology == "hexagonal":
        # Three waves at 120 degrees add up to rows of dots.
        dots: Floats = (first + waves[1]).real + (first * waves[1]).real
        return dots
    lines: Floats = first.real.copy()
    if film.morphology == "alternating":
        # The wave has twice the period: its square are the lines, itself tells them apart.
        lines = (first * first).real + np.float32(film.alternation) * lines
    if len(waves) == 2:
        between = np.float32(0.5 * film.cross_weight) * (np.float32(1.0) - first.real)
        lines += between * waves[1].real
    return lines
