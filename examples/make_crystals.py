"""Write the example crystals: known oxides of vanadium, and a perovskite, as CIF files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xmodkit_crystal.chemistry.cif import cif_text
from xmodkit_crystal.chemistry.spglib_calls import spglib_found
from xmodkit_crystal.simulator.known import REFERENCES, known_crystals
from xmodkit_crystal.simulator.prototypes import PROTOTYPES
from xmodkit_crystal.structure import Crystal

HERE = Path(__file__).parent / "crystals"
OXIDES = {"VO": "VO-rocksalt", "VO2(R)": "VO2-rutile", "V2O3": "V2O3-corundum", "V2O5": "V2O5"}
TOLERANCE = 1e-3  # A


def conventional(crystal: Crystal) -> Crystal:
    """Return a crystal in its conventional cell: what people know, and models reduce again."""
    given = (crystal.cell, crystal.fractional, crystal.numbers)
    cell, fractional, numbers = spglib_found("standardize_cell", given, False, False, TOLERANCE)
    order = np.argsort(-numbers, kind="stable")
    return Crystal(np.asarray(numbers, np.int64)[order], fractional[order], cell)


def write(name: str, comment: str, crystal: Crystal) -> None:
    """Write one file, with a line that says where the numbers are from."""
    text = f"# {comment}\n{cif_text(conventional(crystal), name)}"
    (HERE / f"{name}.cif").write_text(text, encoding="utf-8")


def main() -> None:
    """Write examples/crystals."""
    HERE.mkdir(exist_ok=True)
    known = known_crystals()
    for phase, name in OXIDES.items():
        write(name, f"{phase}: {REFERENCES[phase]}", known[phase])
    perovskite = next(entry for entry in PROTOTYPES if entry.name == "perovskite")
    write("SrTiO3-perovskite", "SrTiO3, cubic at room temperature", perovskite.crystal)


if __name__ == "__main__":
    main()
