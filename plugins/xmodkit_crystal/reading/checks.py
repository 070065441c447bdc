"""What a crystal must be before anything is computed from it, each with one clear line."""

from __future__ import annotations

import numpy as np

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.structures.checks import check_cell, check_count, check_elements, check_positions
from xmodkit.structures.elements import symbol
from xmodkit.structures.frame import Frame
from xmodkit.structures.periodic import images
from xmodkit.structures.purpose import Purpose

__all__ = ["MOST_ATOMS", "PURPOSE", "check_crystal"]

PURPOSE = Purpose("crystal", "give the primitive cell", most_bytes=50_000_000)

MOST_ATOMS = 1000
_LEAST_APART_A = 0.5
# Of an atom in A^3: 5.7 in diamond, 115 in caesium, more where molecules or layers lie far apart.
_LEAST_VOLUME_A3, _MOST_VOLUME_A3 = 1.0, 1000.0


def check_crystal(frame: Frame) -> None:
    """Refuse what is no ordered crystal: see the functions below.

    Raise `InputError`, or `MissingExtraError` without SciPy.
    """
    check_count(len(frame.numbers), PURPOSE)
    if len(frame.numbers) > MOST_ATOMS:
        raise InputError(
            f"{len(frame.numbers):,} atoms given, {MOST_ATOMS:,} at most; {PURPOSE.smaller}"
        )
    if frame.shared:
        raise InputError(
            f"partial occupancy: {frame.shared} of {len(frame.numbers)} sites are partly empty or "
            "of several elements; give an ordered approximant"
        )
    check_elements(frame)
    _check_lattice(frame)
    check_positions(frame)
    _check_distances(frame)


def _check_lattice(frame: Frame) -> None:
    """Refuse what does not repeat in three directions, or holds an absurd number of atoms."""
    repeats = int(frame.cell.any(axis=1).sum())
    if repeats < 3:
        given = f"a cell that repeats in {repeats} of 3 directions" if repeats else "no unit cell"
        raise InputError(f"{given} given; a crystal with three lattice vectors expected")
    check_cell(frame)
    share = abs(float(np.linalg.det(frame.cell))) / len(frame.numbers)
    if not _LEAST_VOLUME_A3 <= share <= _MOST_VOLUME_A3:
        raise InputError(
            f"{share:.3g} A^3 of unit cell per atom given, {_LEAST_VOLUME_A3:g} to "
            f"{_MOST_VOLUME_A3:g} expected; is the cell in Angstrom, and complete?"
        )


def _check_distances(frame: Frame) -> None:
    """Refuse sites of which only some can be filled, since they are too near to each other."""
    try:
        from scipy.spatial import cKDTree
    except ImportError as error:
        raise MissingExtraError("finding neighbours", "scipy", PURPOSE.extra) from error
    every = np.arange(len(frame.numbers))
    copies, index, places = images(frame.positions, frame.cell, every, _LEAST_APART_A)
    wanted = min(2, len(copies))  # the nearest is the atom itself, or one at the same place
    apart, near = cKDTree(copies).query(places, k=wanted, distance_upper_bound=_LEAST_APART_A)
    apart, near = apart.reshape(-1, wanted), near.reshape(-1, wanted)
    close = np.flatnonzero(np.isfinite(apart[:, -1])) if wanted == 2 else every[:0]
    if close.size:
        atom = int(close[0])
        other = next((int(i) for i in index[near[atom]] if i != atom), atom)
        first, second = (symbol(int(frame.numbers[i])) for i in (atom, other))
        raise InputError(
            f"disorder: sites {atom} ({first}) and {other} ({second}) lie {apart[atom, -1]:.2f} A "
            f"apart, at least {_LEAST_APART_A:g} A expected; keep one of alternative sites"
        )
