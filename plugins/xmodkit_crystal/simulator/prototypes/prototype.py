"""A structure type: space group, cell and one atom of each orbit, and the crystal they make."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit.structures.elements import atomic_number
from xmodkit_crystal.geometry.metric import cell_of_parameters
from xmodkit_crystal.spglib_calls import spglib_found
from xmodkit_crystal.structure import Crystal

__all__ = [
    "Ion",
    "Parameters",
    "Prototype",
    "Symmetry",
    "cubic",
    "hexagonal",
    "monoclinic",
    "orthorhombic",
    "prototype",
    "tetragonal",
]

Floats = NDArray[np.float64]
Parameters = tuple[float, float, float, float, float, float]

_HALLS = 530  # settings of space groups in the International Tables, as spglib numbers them
_SAME = 1e-4  # fractional: positions that symmetry repeats
_TOLERANCE_A = 1e-3
_ION = re.compile(r"([A-Z][a-z]?)(\d)([+-])")


@dataclass(frozen=True)
class Ion:
    """What stands on a site in the compound a type is named after: element and charge."""

    number: int
    charge: int


@dataclass(frozen=True, eq=False)
class Symmetry:
    """Symmetry operations of a cell: rotations (k, 3, 3), fractional, and atoms' images (k, n).

    Operation k takes atom i to where atom `images[k, i]` is.
    """

    rotations: Floats
    images: NDArray[np.intp]


@dataclass(frozen=True)
class Prototype:
    """A structure type, by its name, Strukturbericht designation (if any) and Pearson symbol.

    `space_group` is a number of the International Tables, with the choice of setting after a
    colon where it is not the first (`227:2`, `62:cab`, `15:b3`). `parameters` are a, b, c (A) and
    angles (degrees) of the conventional cell, `orbits` one atom each of the sites of that cell.
    """

    name: str
    designation: str
    pearson: str
    space_group: str
    parameters: Parameters
    orbits: tuple[tuple[Ion, tuple[float, float, float]], ...]

    @cached_property
    def ions(self) -> tuple[Ion, ...]:
        """The different ions, in the order of the orbits."""
        return tuple(dict.fromkeys(ion for ion, _ in self.orbits))

    @cached_property
    def sites(self) -> Crystal:
        """The primitive cell, whose `numbers` are indices into `ions`, plus one."""
        rotations, translations = _operations(self.space_group)
        kinds, places = [], []
        for ion, place in self.orbits:
            orbit = _orbit(np.asarray(place), rotations, translations)
            kinds += [self.ions.index(ion) + 1] * len(orbit)
            places.append(orbit)
        cell = cell_of_parameters(self.parameters[:3], self.parameters[3:])
        return _primitive(cell, np.concatenate(places), np.array(kinds))

    @cached_property
    def crystal(self) -> Crystal:
        """The compound that the type is named after."""
        elements = np.array([ion.number for ion in self.ions])
        return Crystal(elements[self.sites.numbers - 1], self.sites.fractional, self.sites.cell)

    @cached_property
    def symmetry(self) -> Symmetry:
        """What maps the primitive cell onto itself."""
        sites = self.sites
        cell = (sites.cell, sites.fractional, sites.numbers)
        found = spglib_found("get_symmetry", cell, _TOLERANCE_A)
        rotations, translations = np.asarray(found["rotations"], float), found["translations"]
        moved = sites.fractional @ rotations.swapaxes(1, 2) + translations[:, None]
        apart = moved[:, :, None] - sites.fractional
        apart -= np.rint(apart)
        return Symmetry(rotations, np.abs(apart).max(axis=-1).argmin(axis=-1))


def prototype(
    name: str,
    designation: str,
    pearson: str,
    space_group: str,
    parameters: Parameters,
    *orbits: str,
) -> Prototype:
    """Return a structure type whose orbits are written as `Ti4+ 0 0 0` or `Cd2+ 1/3 2/3 0`."""
    return Prototype(
        name, designation, pearson, space_group, parameters, tuple(map(_parsed, orbits))
    )


def cubic(a: float) -> Parameters:
    """Return the parameters of a cubic cell of edge a."""
    return a, a, a, 90.0, 90.0, 90.0


def tetragonal(a: float, c: float) -> Parameters:
    """Return the parameters of a tetragonal cell of edges a and c."""
    return a, a, c, 90.0, 90.0, 90.0


def hexagonal(a: float, c: float) -> Parameters:
    """Return the parameters of a cell with hexagonal axes, also those of rhombohedral crystals."""
    return a, a, c, 90.0, 90.0, 120.0


def orthorhombic(a: float, b: float, c: float) -> Parameters:
    """Return the parameters of an orthorhombic cell."""
    return a, b, c, 90.0, 90.0, 90.0


def monoclinic(a: float, b: float, c: float, beta: float) -> Parameters:
    """Return the parameters of a monoclinic cell whose unique axis is b."""
    return a, b, c, 90.0, beta, 90.0


def _parsed(orbit: str) -> tuple[Ion, tuple[float, float, float]]:
    written, *place = orbit.split()
    element, charge, sign = _ION.fullmatch(written).groups()  # type: ignore[union-attr]
    x, y, z = (float(Fraction(coordinate)) for coordinate in place)
    return Ion(atomic_number(element), int(charge) * (1 if sign == "+" else -1)), (x, y, z)


def _operations(space_group: str) -> tuple[Floats, Floats]:
    """Return rotations (k, 3, 3) and translations (k, 3) of a space group in one setting."""
    number, _, choice = space_group.partition(":")
    hall = _hall_numbers().get((int(number), choice))
    if hall is None:
        raise DataError(f"no space group {space_group!r}; give a number and a setting, as in 227:2")
    found = spglib_found("get_symmetry_from_database", hall)
    return np.asarray(found["rotations"], float), np.asarray(found["translations"], float)


@cache
def _hall_numbers() -> dict[tuple[int, str], int]:
    """Return spglib's numbers of settings; with no choice, the first that the Tables give."""
    out: dict[tuple[int, str], int] = {}
    for hall in range(1, _HALLS + 1):
        kind = spglib_found("get_spacegroup_type", hall)
        out.setdefault((kind.number, kind.choice), hall)
        out.setdefault((kind.number, ""), hall)
    return out


def _orbit(place: Floats, rotations: Floats, translations: Floats) -> Floats:
    copies = (rotations @ place + translations) % 1.0
    apart = copies[:, None] - copies
    same = (np.abs(apart - np.rint(apart)) < _SAME).all(axis=-1)
    return np.asarray(copies[same.argmax(axis=1) == np.arange(len(copies))])


def _primitive(cell: Floats, places: Floats, kinds: Sequence[int] | NDArray[np.int64]) -> Crystal:
    found = spglib_found("standardize_cell", (cell, places, kinds), True, True, _TOLERANCE_A)
    if found is None:
        raise DataError(f"no primitive cell of {len(places)} atoms: do two share a place?")
    vectors, fractional, numbers = found
    return Crystal(np.asarray(numbers, np.int64), fractional, vectors)
