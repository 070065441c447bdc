"""Elements by symbol and by number, and the sizes of their atoms, as ASE tabulates them."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, MissingExtraError

__all__ = ["LAST_ELEMENT", "atomic_number", "covalent_radii", "symbol"]

LAST_ELEMENT = 118

_LABEL = re.compile(r"([A-Za-z]{1,2})[0-9]*$")
_ISOTOPES = {"D": 1, "T": 1}


def atomic_number(label: str) -> int:
    """Return the atomic number of a symbol (`Cu`), of a label (`Cu2`) or of a number (`29`).

    Raise `InputError` if there is no such element, `MissingExtraError` without ASE.
    """
    if label.isdecimal() and len(label) <= 3 and 1 <= int(label) <= LAST_ELEMENT:
        return int(label)
    match = _LABEL.match(label)
    number = None
    if match:
        name = match[1].capitalize()
        number = _numbers().get(name)
    if number is None:
        raise InputError(f"unknown element {label[:20]!r}; give a symbol such as S or Cu")
    return number


def symbol(number: int) -> str:
    """Return the symbol of an element; raise `MissingExtraError` without ASE."""
    return _symbols()[number]


@cache
def covalent_radii() -> NDArray[np.float64]:
    """Return covalent radii in Angstrom by atomic number (Cordero et al. 2008; 0.2: unknown)."""
    try:
        from ase.data import covalent_radii as radii
    except ImportError as error:
        raise MissingExtraError("reading structures", "ase", "xes") from error
    return np.asarray(radii, np.float64)


@cache
def _symbols() -> tuple[str, ...]:
    try:
        from ase.data import chemical_symbols
    except ImportError as error:
        raise MissingExtraError("reading structures", "ase", "xes") from error
    return tuple(chemical_symbols)


@cache
def _numbers() -> dict[str, int]:
    found = {name: number for number, name in enumerate(_symbols()) if number}
    return found | _ISOTOPES
