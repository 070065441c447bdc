"""Elements by symbol and by number, and the sizes of their atoms."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError

__all__ = ["LAST_ELEMENT", "atomic_number", "covalent_radii", "symbol"]

_TABLE = """
X
H He
Li Be B C N O F Ne
Na Mg Al Si P S Cl Ar
K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr
Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe
Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn
Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
"""
# In hundredths of an Angstrom, from that of no element to curium.
_RADII = """
20
31 28
128 96 84 76 71 66 57 58
166 141 121 111 107 105 102 106
203 176 170 160 153 139 139 132 126 124 132 122 122 120 119 120 120 116
220 195 190 175 164 154 147 146 142 139 145 144 142 139 139 138 139 140
244 215 207 204 203 201 199 198 198 196 194 192 192 189 190 187
187 175 170 162 151 144 141 136 136 132 145 146 148 140 150 150
260 221 215 206 200 196 190 187 180 169
"""
_UNKNOWN_A = 2.0

_SYMBOLS = tuple(_TABLE.split())
LAST_ELEMENT = len(_SYMBOLS) - 1

_LABEL = re.compile(r"([A-Za-z]{1,2})[0-9]*$")
_ISOTOPES = {"D": 1, "T": 1}
_NUMBERS = {name: number for number, name in enumerate(_SYMBOLS) if number} | _ISOTOPES


def atomic_number(label: str) -> int:
    """Return the atomic number of a symbol (`Cu`), of a label (`Cu2`) or of a number (`29`).

    Raise `InputError` if there is no such element.
    """
    if label.isdecimal() and len(label) <= 3 and 1 <= int(label) <= LAST_ELEMENT:
        return int(label)
    match = _LABEL.match(label)
    number = _NUMBERS.get(match[1].capitalize()) if match else None
    if number is None:
        raise InputError(f"unknown element {label[:20]!r}; give a symbol such as S or Cu")
    return number


def symbol(number: int) -> str:
    """Return the symbol of an element."""
    return _SYMBOLS[number]


@cache
def covalent_radii() -> NDArray[np.float64]:
    """Return covalent radii in Angstrom by atomic number (Cordero et al. 2008, to curium)."""
    radii = np.full(LAST_ELEMENT + 1, _UNKNOWN_A)
    known = [int(hundredths) / 100 for hundredths in _RADII.split()]
    radii[: len(known)] = known
    return radii
