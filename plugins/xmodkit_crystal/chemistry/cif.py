"""The text of a CIF file, with all atoms of the cell."""

from __future__ import annotations

from collections import Counter

import numpy as np

from xmodkit.structures.elements import symbol
from xmodkit_crystal.structure import Crystal

__all__ = ["cif_text"]

_DIGITS = 8
_ATOM = ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy")


def cif_text(crystal: Crystal, name: str = "crystal") -> str:
    """Return a crystal as the text of a CIF file: space group P1, one line per atom.

    Equal crystals give equal texts, byte for byte. `name` is the data block's; characters that a
    block may not have become `_`. (Hall, Allen and Brown, Acta Cryst. A 47, 655 (1991).)
    """
    block = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)
    parameters = zip(
        ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"),
        (*crystal.lengths, *crystal.angles),
        strict=True,
    )
    lines = [
        f"data_{block}",
        *(f"_cell_{what} {value:.{_DIGITS}f}" for what, value in parameters),
        f"_cell_volume {crystal.volume:.{_DIGITS}f}",
        f"_chemical_formula_sum '{_formula(crystal)}'",
        "_space_group_name_H-M_alt 'P 1'",
        "_space_group_IT_number 1",
        "loop_",
        "_space_group_symop_operation_xyz",
        "'x, y, z'",
        "loop_",
        *(f"_atom_site_{column}" for column in _ATOM),
        *_atoms(crystal),
    ]
    return "\n".join(lines) + "\n"


def _formula(crystal: Crystal) -> str:
    counts = Counter(symbol(number) for number in crystal.numbers.tolist())
    return " ".join(f"{name}{counts[name]}" for name in sorted(counts))


def _atoms(crystal: Crystal) -> list[str]:
    seen: Counter[str] = Counter()
    lines = []
    # Adding 0 turns -0 into 0, rounding first keeps 1 - 1e-12 out of the text as 1.00000000.
    fractional = np.mod(np.round(crystal.fractional, _DIGITS), 1.0) + 0.0
    for number, place in zip(crystal.numbers.tolist(), fractional, strict=True):
        name = symbol(number)
        seen[name] += 1
        x, y, z = (f"{value:.{_DIGITS}f}" for value in place)
        lines.append(f"{name}{seen[name]} {name} {x} {y} {z} 1")
    return lines
