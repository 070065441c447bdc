"""Known oxides of vanadium with at most 20 atoms to a primitive cell, to be found again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from xmodkit_crystal.simulator.prototypes import PROTOTYPES, Prototype
from xmodkit_crystal.simulator.prototypes.prototype import (
    cubic,
    hexagonal,
    monoclinic,
    prototype,
    tetragonal,
)
from xmodkit_crystal.structure import Crystal

__all__ = ["KNOWN", "REFERENCES", "known_crystals"]

_TYPES = {entry.name: entry for entry in PROTOTYPES}

# Not here, for more atoms: VO2(A), bixbyite V2O3, monoclinic V3O5, V3O7, V4O9 and the Magneli
# phases; nor VO2(M2), V6O13, beta-V2O5 and paramontroseite, whose positions are not at hand.
KNOWN: tuple[Prototype, ...] = (
    prototype("VO", "B1", "cF8", "225", cubic(4.093), "V2+ 0 0 0", "O2- 1/2 1/2 1/2"),
    prototype(
        "VO2(R)",
        "C4",
        "tP6",
        "136",
        tetragonal(4.5546, 2.8514),
        "V4+ 0 0 0",
        "O2- 0.3001 0.3001 0",
    ),
    _TYPES["VO2(M1)"],
    prototype(
        "VO2(B)",
        "",
        "mC24",
        "12",
        monoclinic(12.093, 3.7021, 6.433, 106.97),
        "V4+ 0.304 0 0.728",
        "V4+ 0.402 0 0.300",
        "O2- 0.362 0 0.995",
        "O2- 0.238 0 0.346",
        "O2- 0.439 0 0.642",
        "O2- 0.127 0 0.690",
    ),
    prototype(
        "V2O3",
        "D5_1",
        "hR10",
        "167",
        hexagonal(4.9515, 14.003),
        "V3+ 0 0 0.34630",
        "O2- 0.31164 0 1/4",
    ),
    _TYPES["V2O3(M)"],
    _TYPES["V2O5"],
)

REFERENCES: Mapping[str, str] = MappingProxyType(
    {
        "VO": "Banus, Reed and Strauss, Phys. Rev. B 5, 2775 (1972); without its vacancies",
        "VO2(R)": "McWhan, Marezio, Remeika and Dernier, Phys. Rev. B 10, 490 (1974)",
        "VO2(M1)": "Longo and Kierkegaard, Acta Chem. Scand. 24, 420 (1970)",
        "VO2(B)": "Oka, Yao, Yamamoto and Ueda, J. Solid State Chem. 105, 271 (1993); positions to "
        "about 0.1 A",
        "V2O3": "Dernier, J. Phys. Chem. Solids 31, 2569 (1970)",
        "V2O3(M)": "Dernier and Marezio, Phys. Rev. B 2, 3771 (1970), at 148 K",
        "V2O5": "Enjalbert and Galy, Acta Cryst. C 42, 1467 (1986)",
    }
)


@cache
def known_crystals() -> Mapping[str, Crystal]:
    """Return the known phases by name, each in a primitive cell. Needs spglib."""
    return MappingProxyType({phase.name: phase.crystal for phase in KNOWN})
