"""One geometry as a file holds it, before it is looked at closely."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError
from xmodkit.structures.purpose import Purpose

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Floats", "Frame", "Frames", "FramesOf", "lattice", "of_atoms"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """Atoms at places: atomic numbers (n,), positions (n, 3) and cell (3, 3) in Angstrom.

    A cell vector is zero along directions in which the structure does not repeat. `shared` sites
    are partly occupied, or by several species, of which one was taken.
    """

    numbers: NDArray[np.int32]
    positions: Floats
    cell: Floats
    title: str = ""
    notices: tuple[str, ...] = ()
    shared: int = 0


# A frame that cannot be read is an error in its place: those after it are read all the same.
Frames = Iterator[Frame | InputError]
FramesOf = Callable[[Path, Purpose], Frames]


def of_atoms(
    atoms: Atoms, title: str = "", notices: tuple[str, ...] = (), shared: int = 0
) -> Frame:
    """Return what ASE has read as a frame."""
    return Frame(
        np.asarray(atoms.numbers, np.int32),
        np.asarray(atoms.positions, np.float64),
        lattice(np.asarray(atoms.cell), atoms.pbc),
        title,
        notices,
        shared,
    )


def lattice(cell: Floats, repeats: NDArray[np.bool_]) -> Floats:
    """Return lattice vectors (3, 3) as a frame has them: zero where the structure ends.

    Raise `InputError` where it is said to repeat along a vector that is zero.
    """
    if cell.any() and (repeats & ~cell.any(axis=1)).any():
        vectors = "; ".join(" ".join(f"{x:g}" for x in vector) for vector in cell)
        raise InputError(
            f"unit cell of volume 0 (vectors {vectors}); three lattice vectors in Angstrom "
            "expected, or none for a molecule"
        )
    return np.where(repeats[:, None], cell, 0.0)
