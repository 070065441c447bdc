"""What a structure must be before anything is predicted from it, each with one clear line."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.structures.elements import LAST_ELEMENT, covalent_radii, symbol
from xmodkit.structures.frame import Floats, Frame
from xmodkit.structures.periodic import completed_cell, heights, images
from xmodkit.structures.purpose import Purpose

__all__ = [
    "MOST_ATOMS",
    "check_cell",
    "check_count",
    "check_elements",
    "check_frame",
    "check_positions",
    "check_size",
    "check_text",
    "check_vectors",
]

MOST_ATOMS = 200_000

_FARTHEST_A = 1e5
_LEAST_A = 0.4
_HEAD_BYTES = 4096
_LEAST_SHARE = 0.5  # of the sum of two covalent radii
_LEAST_HEIGHT_A = 0.5
_NEIGHBOURS = 16  # the nearest that are looked at


def check_count(count: int, purpose: Purpose) -> None:
    """Refuse a number of atoms, declared or found, that is none or beyond what is read.

    Raise `InputError`.
    """
    if count < 1:
        raise InputError(f"{count} atoms given; at least one expected")
    if count > MOST_ATOMS:
        raise InputError(f"{count:,} atoms given, {MOST_ATOMS:,} at most; {purpose.smaller}")


def check_size(path: Path, purpose: Purpose) -> None:
    """Refuse a file that is too large to be read as a whole; raise `InputError` or `OSError`."""
    if (size := path.stat().st_size) > (most := purpose.most_bytes):
        raise InputError(f"{size:,} bytes given, {most:,} at most; cut out a smaller part")


def check_text(path: Path, *, binary: bool = False) -> None:
    """Refuse a file that is empty, or is no text by its first bytes unless it may be `binary`.

    Raise `InputError`, `OSError` if it cannot be opened. What is no text has no lines either: it
    might be read whole in search of one.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise InputError("an empty file given, a structure expected; copy it again")
    if b"\0" in head and not binary:
        raise InputError(
            "no text but binary data given; copy it again, or save it as text (UTF-8) in a format "
            "such as xyz, CIF or POSCAR"
        )


def check_vectors(cell: Floats) -> None:
    """Refuse lattice vectors (3, 3) that are not finite, or too long; raise `InputError`."""
    if not np.isfinite(cell).all():
        raise InputError("NaN or infinite values in the unit cell; three lattice vectors expected")
    if (longest := np.abs(cell).max()) > _FARTHEST_A:
        raise InputError(
            f"a lattice vector of {longest:g} given, at most {_FARTHEST_A:g} A expected; is the "
            "cell in Angstrom?"
        )


def check_frame(frame: Frame, purpose: Purpose) -> None:
    """Refuse what is no structure: see the functions below.

    Raise `InputError`, or `MissingExtraError` without SciPy.
    """
    check_count(len(frame.numbers), purpose)
    check_elements(frame)
    check_positions(frame)
    check_cell(frame)
    _check_distances(frame, purpose)


def check_elements(frame: Frame) -> None:
    """Refuse atomic numbers of no element; raise `InputError`."""
    unknown = np.flatnonzero((frame.numbers < 1) | (frame.numbers > LAST_ELEMENT))
    if unknown.size:
        first = int(unknown[0])
        raise InputError(
            f"atom {first} is of no known element (atomic number {frame.numbers[first]}); "
            "replace placeholders and unknown sites"
        )


def check_positions(frame: Frame) -> None:
    """Refuse positions that are not finite, or too far away; raise `InputError`."""
    bad = np.flatnonzero(~np.isfinite(frame.positions).all(axis=1))
    if bad.size:
        raise InputError(
            f"NaN or infinite position of atom {bad[0]}"
            + (f" and {bad.size - 1} more" if bad.size > 1 else "")
            + "; finite values expected, in Angstrom"
        )
    if (farthest := np.abs(frame.positions).max()) > _FARTHEST_A:
        raise InputError(
            f"a position of {farthest:g} given, at most {_FARTHEST_A:g} A expected; are the "
            "positions in Angstrom?"
        )


def check_cell(frame: Frame) -> None:
    """Refuse lattice vectors that are not finite, too long, or nearly in one plane.

    Raise `InputError`. No vectors at all are no error.
    """
    periodic = frame.cell.any(axis=1)
    if not periodic.any():
        return
    check_vectors(frame.cell)
    cell = completed_cell(frame.cell)
    lengths = np.linalg.norm(cell, axis=1)
    volume = abs(float(np.linalg.det(cell)))
    if lengths.min() < _LEAST_HEIGHT_A or volume < 1e-6 * float(lengths.prod()):
        thin = True
    else:
        thin = bool((heights(cell)[periodic] < _LEAST_HEIGHT_A).any())
    if thin:
        vectors = "; ".join(" ".join(f"{x:g}" for x in vector) for vector in frame.cell)
        raise InputError(
            f"unit cell of volume {volume:.3g} A^3 (vectors {vectors}), flat or nearly so; "
            "three independent lattice vectors in Angstrom expected, or none for a molecule"
        )


def _check_distances(frame: Frame, purpose: Purpose) -> None:
    """Refuse atoms closer than 0.4 Angstrom or than half the sum of their covalent radii."""
    try:
        from scipy.spatial import cKDTree
    except ImportError as error:
        raise MissingExtraError("finding neighbours", "scipy", purpose.extra) from error
    radii = covalent_radii()[frame.numbers]
    limit = max(_LEAST_A, 2 * _LEAST_SHARE * float(radii.max()))
    every = np.arange(len(radii))
    copies, index, places = images(frame.positions, frame.cell, every, limit)
    wanted = min(_NEIGHBOURS, len(copies))
    distance, near = cKDTree(copies).query(places, k=wanted, distance_upper_bound=limit)
    distance, near = distance.reshape(-1, wanted), near.reshape(-1, wanted)
    found = near < len(copies)  # beyond: fewer neighbours than asked for
    other = index[np.where(found, near, 0)]
    itself = (other == every[:, None]) & (distance < 1e-6)
    least = np.maximum(_LEAST_A, _LEAST_SHARE * (radii[:, None] + radii[other]))
    close = np.argwhere(found & ~itself & (distance < least))
    if close.size:
        atom, place = close[0]
        partner = other[atom, place]
        first, second = (symbol(int(frame.numbers[i])) for i in (atom, partner))
        both = f"atoms {atom} ({first}) and {partner} ({second})"
        if atom == partner:
            both = f"atom {atom} ({first}) and its copy in the next cell"
        raise InputError(
            f"{both} overlap: {distance[atom, place]:.2f} A "
            f"apart, at least {least[atom, place]:.2f} A expected; keep one of two alternative "
            "sites, and give positions in Angstrom"
        )
