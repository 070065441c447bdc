"""Structure types of oxides and their like, whose primitive cells have 20 atoms at most.

Cell parameters and positions are those of the compound that a type is named after, to the digits
that matter here (Wyckoff, Crystal Structures, 1963-1971; Villars and Calvert, Pearson's Handbook,
1991; of vanadium's oxides see `known`). Left out, for more atoms: brookite, bixbyite, olivine,
columbite and the Magneli phases. Antifluorite and the like are fluorite with its ions exchanged.
"""

from __future__ import annotations

from xmodkit_crystal.simulator.prototypes.ax import AX
from xmodkit_crystal.simulator.prototypes.ax2 import ABX2, AX2
from xmodkit_crystal.simulator.prototypes.ax3 import A2X3, ABX3, AX3
from xmodkit_crystal.simulator.prototypes.ax4 import LARGER
from xmodkit_crystal.simulator.prototypes.prototype import Ion, Prototype, Symmetry

__all__ = ["PROTOTYPES", "Ion", "Prototype", "Symmetry"]

PROTOTYPES: tuple[Prototype, ...] = (*AX, *AX2, *ABX2, *A2X3, *AX3, *ABX3, *LARGER)
