"""Compositions: atomic fractions, however they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xmodkit.errors import InputError

__all__ = ["ELEMENTS", "composition_text", "fractions", "parse_formula"]

_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb "
    "Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Th U"
)
ELEMENTS = frozenset(_SYMBOLS.split())
_PART = re.compile(r"([A-Z][a-z]?)(\d+(?:\.\d*)?|\.\d+|)[ _-]*")


def parse_formula(text: str) -> dict[str, float]:
    """Return the atomic fractions of a formula such as `BiVO4` or `Fe0.25 Bi0.75`.

    Raise `InputError` for anything else.
    """
    amounts: dict[str, float] = {}
    at = 0
    while match := _PART.match(text, at):
        if match[1] not in ELEMENTS:
            break
        amounts[match[1]] = amounts.get(match[1], 0.0) + float(match[2] or 1)
        at = match.end()
    if not amounts or at < len(text):
        raise InputError(f"composition {text!r} given; a formula such as Bi0.5V0.5 expected")
    return fractions(amounts)


def fractions(amounts: Mapping[str, float]) -> dict[str, float]:
    """Return amounts in any unit as fractions of 1, elements that are absent left out.

    Raise `InputError` for amounts that are negative or not finite.
    """
    total = sum(amounts.values())
    if not all(0 <= amount < float("inf") for amount in amounts.values()):
        given = ", ".join(f"{element} {amount:g}" for element, amount in amounts.items())
        raise InputError(f"composition {given} given; amounts from 0 expected")
    return {element: amount / total for element, amount in amounts.items() if amount > 0}


def composition_text(composition: Mapping[str, float]) -> str:
    """Return the one text of a composition, by which samples are grouped: `Bi0.750Fe0.250`."""
    return "".join(f"{element}{share:.3f}" for element, share in sorted(composition.items()))
