"""How well crystals come back: matches, cells, positions; and how sure differences are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit.modality import Arrays
from xmodkit.risk import paired_bootstrap
from xmodkit_crystal.chemistry.distances import reduced
from xmodkit_crystal.chemistry.matching import PUBLISHED, Tolerances, match
from xmodkit_crystal.geometry import standard_orientation
from xmodkit_crystal.inverse import atoms_of
from xmodkit_crystal.modalities import EDGE_A
from xmodkit_crystal.structure import Crystal

__all__ = ["TIGHT", "bootstrap", "position_errors", "scores"]

TIGHT = Tolerances(stol=0.2)
_EDGES_A, _ANGLES = (1.5, 40.0), (15.0, 165.0)  # of cells that a matcher is asked about
_MOST_ATOMS = 40
_HIT_A = 0.8  # a found atom further from every true one is not that atom

Floats = NDArray[np.float64]


def scores(truths: Sequence[Crystal], found: Sequence[Crystal | None]) -> dict[str, Floats]:
    """Return scores (n,) of crystals that came back, by name.

    `match` and `tight` are 1 or 0 (stol 0.5 and 0.2), `rms` the normalised displacement of those
    that match, `length` the mean relative error of the three edges, `angle` the mean absolute one
    in degrees, `species` and `count` 1 where the set of species and the number of atoms are
    right, `none` 1 where nothing came back. NaN: not to be said.
    """
    rows = [_scores(truth, one) for truth, one in zip(truths, found, strict=True)]
    return {name: np.array([row[name] for row in rows], float) for name in rows[0]}


def _scores(truth: Crystal, found: Crystal | None) -> dict[str, float]:
    if found is None:
        nothing = dict.fromkeys(("rms", "length", "angle"), np.nan)
        return {**dict.fromkeys(("match", "tight", "species", "count"), 0.0), **nothing, "none": 1}
    rms = _rms(truth, found, PUBLISHED)
    # What lies beyond the tighter tolerance cannot match within it.
    tight = rms is not None and rms <= TIGHT.stol and _rms(truth, found, TIGHT) is not None
    length, angle = _cell_errors(truth, found)
    return {
        "match": float(rms is not None),
        "tight": float(tight),
        "rms": np.nan if rms is None else rms,
        "length": length,
        "angle": angle,
        "species": float(truth.species == found.species),
        "count": float(len(truth) == len(found)),
        "none": 0.0,
    }


def _rms(truth: Crystal, found: Crystal, tolerances: Tolerances) -> float | None:
    """Return what `match` does; nothing that is no crystal, or of other species, matches."""
    edges, angles = found.lengths, found.angles
    shaped = _EDGES_A[0] < edges.min() and edges.max() < _EDGES_A[1]
    shaped &= _ANGLES[0] < angles.min() and angles.max() < _ANGLES[1]
    if not shaped or len(found) > _MOST_ATOMS or truth.species != found.species:
        return None
    try:
        return match(truth, found, tolerances)
    except (ValueError, ZeroDivisionError, IndexError):  # pymatgen, of what is hardly a crystal
        return None


def _cell_errors(truth: Crystal, found: Crystal) -> tuple[float, float]:
    """Return the mean errors of edges (relative) and angles (degrees).

    Truth is reduced. A cell comes back in the setting it went in with, which noise may make not
    quite the reduced one: of it and its reduced one the nearer counts.
    """
    cells = (found.cell, _reduced(found.cell))
    errors = [_cell_error(truth, Crystal(found.numbers, found.fractional, cell)) for cell in cells]
    return min(errors, key=lambda error: error[0] + np.radians(error[1]))


def _cell_error(truth: Crystal, found: Crystal) -> tuple[float, float]:
    length = np.abs(found.lengths - truth.lengths) / truth.lengths
    return float(length.mean()), float(np.abs(found.angles - truth.angles).mean())


def _reduced(cell: Floats) -> Floats:
    whole = reduced(cell)
    return standard_orientation(whole) if np.linalg.det(whole) > 1e-3 else whole


def position_errors(
    truths: Sequence[Crystal], images: Arrays, sigma: float
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return how far from atoms they are found in species' images (n, 5, N, N, N), in A.

    One error for each atom that is found, with the row it is of; and (n, 2) how many atoms of a
    crystal are missed, and how many are made up. No cell takes part, and no matcher.
    """
    errors, owners, counts = [], [], np.zeros((len(truths), 2), np.int64)
    for row, truth in enumerate(truths):
        centred = truth.cartesian - truth.cartesian.mean(axis=0) + EDGE_A / 2
        try:
            peaks = atoms_of(images["species_images"][row], EDGE_A, sigma)
        except DataError:  # a haze: nothing is found in it
            counts[row, 0] = len(truth)
            continue
        slots = dict(zip(images["species"][row].tolist(), peaks, strict=True))
        for number in truth.species:
            own = centred[truth.numbers == number]
            places = slots[number].positions if number in slots else np.zeros((0, 3))
            apart = own[:, None] - places
            apart -= EDGE_A * np.rint(apart / EDGE_A)
            nearest = np.linalg.norm(apart, axis=-1).min(axis=1, initial=np.inf)
            hit = nearest[nearest < _HIT_A]
            errors.append(hit)
            owners.append(np.full(len(hit), row))
            counts[row] += len(own) - len(hit), max(0, len(places) - len(hit))
    if not errors:
        return np.zeros(0), np.zeros(0, np.int64), counts
    return np.concatenate(errors), np.concatenate(owners), counts


def bootstrap(one: Floats, other: Floats, units: Sequence[str], seed: int = 0) -> str:
    """Say the mean difference of scores of the same rows (n,), and where it lies with 95 %.

    Whole units are drawn. Rows without both scores are left out; nothing is said if none is left.
    """
    both = ~np.isnan(one) & ~np.isnan(other)
    if not both.any():
        return ""
    mean, low, high = paired_bootstrap(one[both], other[both], np.asarray(units)[both], seed)
    return f"{mean:+.4f} ({low:+.4f} to {high:+.4f})"
