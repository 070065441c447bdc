"""Read CIF files: every block with a structure, its symmetry applied.

ASE reads the text and knows the space groups. The symmetry is applied here: ASE compares each new
position with all earlier ones (10 s for 1,700 atoms, 112 s for 5,800).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.structures.checks import check_count, check_size, check_vectors
from xmodkit.structures.elements import LAST_ELEMENT, atomic_number, symbol
from xmodkit.structures.frame import Floats, Frame, Frames, of_atoms
from xmodkit.structures.purpose import Purpose

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["read_cif"]

_MOST_OCCUPIED = 1.01  # rounding
_TOLD = {symbol(number) for number in range(2, LAST_ELEMENT + 1)}
_COLUMNS = tuple(f"_atom_site_{kind}_{axis}" for kind in ("fract", "cartn") for axis in "xyz")
_SAME_A = 0.02  # positions closer than this are one site, written with few digits

# What ASE says of unusual settings is no line between a user's results. Set once, at import: the
# filters belong to the whole process and must not be touched from a reader's thread.
warnings.filterwarnings("ignore", category=UserWarning, module=r"ase\.", append=True)


def read_cif(path: Path, purpose: Purpose) -> Frames:
    """Yield the structures of a CIF file, block by block.

    Of several species on one site the most frequent is kept, with a notice. Raise `InputError`
    for a file that is no CIF or too large, `MissingExtraError` without ASE.
    """
    try:
        from ase.io.cif import parse_cif
    except ImportError as error:
        raise MissingExtraError("reading CIF files", "ase", purpose.extra) from error
    check_size(path, purpose)
    blocks: Iterator[Any] = parse_cif(
        StringIO(path.read_text(encoding="utf-8-sig", errors="replace"))
    )
    found = False
    try:
        for block in blocks:
            if not block.has_structure():
                continue
            found = True
            try:
                yield _frame(block, purpose)
            except InputError as error:
                yield error
            except Exception as error:  # ASE raises anything on a block it cannot read
                yield InputError(f"block {block.name}: {_mistake(block) or _said(error)}")
    except Exception as error:  # nor does a text that is no CIF raise one kind of error
        raise InputError(f"no readable CIF: cut off, or none at all ({_said(error)})") from error
    if not found:
        raise InputError("no atoms in it; a CIF with _atom_site_ positions expected")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"


def _mistake(block: Any) -> str | None:
    """Return what is wrong with the sites of a block that ASE could not read, if it is plain."""
    for column in _COLUMNS:
        for atom, place in enumerate(block.get(column) or ()):
            if not isinstance(place, int | float):
                return f"{column} {str(place)[:20]!r} of atom {atom} given, a number expected"
    for name in block.get("_atom_site_type_symbol") or block.get("_atom_site_label") or ():
        letters = re.match(r"[A-Z][a-z]?", str(name))
        try:
            atomic_number(letters[0] if letters else str(name))
        except InputError as error:
            return str(error)
    return None


def _frame(block: Any, purpose: Purpose) -> Frame:
    with np.errstate(all="ignore"):  # of endless cells: to be refused below
        atoms = block.get_unsymmetrized_structure()
    check_count(len(atoms), purpose)
    cut = _missing(block, set(atoms.get_chemical_symbols()))
    if not atoms.cell.any():
        return of_atoms(atoms, block.name)
    atoms.pbc = True
    check_vectors(np.asarray(atoms.cell))
    if atoms.cell.volume < 1e-3 or not np.isfinite(atoms.positions).all():
        return of_atoms(atoms, block.name)  # to be refused: it has no symmetry to apply
    shares = _occupancies(block, len(atoms))
    if (empty := shares == 0).any():
        atoms, shares = atoms[~empty], shares[~empty]
        check_count(len(atoms), purpose)
    rotations, shifts = block.get_spacegroup(True).get_op()
    check_count(len(atoms) * len(rotations), purpose)
    whole, share = _expanded(atoms, shares, np.asarray(rotations, float), np.asarray(shifts))
    partly = int((share < 0.999).sum())
    notice = f"{partly} of {len(whole)} sites are partly occupied: the most frequent species taken"
    return of_atoms(whole, block.name, (*cut, *((notice,) if partly else ())), partly)


def _missing(block: Any, given: set[str]) -> tuple[str, ...]:
    """Return a notice of a file without a site of an element in its formula: it may be cut off.

    Hydrogen is often left out on purpose, and so are molecules in pores: that is no error.
    """
    formula = str(block.get("_chemical_formula_sum") or "")
    if re.search("[A-Z]{2}", formula):  # no spaces, or all in capitals
        return ()
    missing = sorted((set(re.findall(r"[A-Z][a-z]?", formula)) & _TOLD) - given)
    if not missing:
        return ()
    told = f"no {', '.join(missing)} among its sites, but in its formula, {formula[:60]!r}"
    return (f"{told}: is the file cut off?",)


def _occupancies(block: Any, count: int) -> Floats:
    given = block.get("_atom_site_occupancy")
    if given is None:
        return np.ones(count)
    shares = np.array([x if isinstance(x, int | float) else 1.0 for x in given], float)
    wrong = np.flatnonzero(~((shares >= 0) & (shares <= _MOST_OCCUPIED)))
    if wrong.size:
        raise InputError(
            f"occupancy {shares[wrong[0]]:g} of atom {wrong[0]} given, 0 to 1 expected; correct it"
        )
    return shares


def _expanded(
    atoms: Atoms, shares: Floats, rotations: Floats, shifts: Floats
) -> tuple[Atoms, Floats]:
    """Return every atom of the cell and its site's occupancy, the most frequent species first."""
    from ase import Atoms

    cell = np.asarray(atoms.cell)
    order = np.argsort(-shares, kind="stable")
    scaled = (atoms.positions @ np.linalg.inv(cell))[order]
    if len(rotations) == 1:
        orbits = [scaled % 1.0]
        owners = np.arange(len(scaled))
    else:
        orbits = [_orbit(place, rotations, shifts, cell) for place in scaled]
        owners = np.repeat(np.arange(len(orbits)), [len(orbit) for orbit in orbits])
    places = np.concatenate(orbits)
    kept = _first_of_each(places @ cell, cell, shared=bool((shares < 1).any()))
    owners = order[owners[kept]]
    whole = Atoms(numbers=atoms.numbers[owners], positions=places[kept] @ cell, cell=cell, pbc=True)
    return whole, shares[owners]


def _orbit(place: Floats, rotations: Floats, shifts: Floats, cell: Floats) -> Floats:
    """Return the distinct positions that symmetry makes of one, in [0, 1)."""
    copies = (rotations @ place + shifts) % 1.0
    apart = copies[:, None] - copies
    apart -= np.rint(apart)
    same = np.linalg.norm(apart @ cell, axis=2) < _SAME_A
    first: Floats = copies[same.argmax(axis=1) == np.arange(len(copies))]
    return first


def _first_of_each(places: Floats, cell: Floats, *, shared: bool) -> NDArray[np.int64]:
    """Return the indices of the positions left when each site keeps its first species alone."""
    every = np.arange(len(places))
    if not shared:
        return every  # two full atoms at one place are an error, which the checks name
    from scipy.spatial import cKDTree

    from xmodkit.structures.periodic import images

    copies, index, centres = images(places, cell, every, 2 * _SAME_A)
    near = cKDTree(copies).query_ball_point(centres, _SAME_A)
    earliest = np.array([index[around].min() for around in near])
    return np.flatnonzero(earliest == every)
