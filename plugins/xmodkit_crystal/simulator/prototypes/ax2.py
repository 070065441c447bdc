"""Structure types AX2, and ABX2, which are AX once A and B are one element."""

from __future__ import annotations

from xmodkit_crystal.simulator.prototypes.prototype import (
    cubic,
    hexagonal,
    monoclinic,
    orthorhombic,
    prototype,
    tetragonal,
)

__all__ = ["ABX2", "AX2"]

AX2 = (
    prototype("fluorite", "C1", "cF12", "225", cubic(5.463), "Ca2+ 0 0 0", "F1- 1/4 1/4 1/4"),
    prototype(
        "pyrite", "C2", "cP12", "205", cubic(5.418), "Fe2+ 0 0 0", "S1- 0.3851 0.3851 0.3851"
    ),
    prototype("cuprite", "C3", "cP6", "224", cubic(4.270), "Cu1+ 1/4 1/4 1/4", "O2- 0 0 0"),
    prototype(
        "rutile", "C4", "tP6", "136", tetragonal(4.594, 2.959), "Ti4+ 0 0 0", "O2- 0.3053 0.3053 0"
    ),
    prototype(
        "anatase", "C5", "tI12", "141", tetragonal(3.785, 9.514), "Ti4+ 0 0 0", "O2- 0 0 0.2081"
    ),
    prototype(
        "CdI2", "C6", "hP3", "164", hexagonal(4.244, 6.859), "Cd2+ 0 0 0", "I1- 1/3 2/3 0.249"
    ),
    prototype(
        "molybdenite",
        "C7",
        "hP6",
        "194",
        hexagonal(3.160, 12.294),
        "Mo4+ 1/3 2/3 1/4",
        "S2- 1/3 2/3 0.621",
    ),
    prototype(
        "quartz",
        "",
        "hP9",
        "152",
        hexagonal(4.913, 5.405),
        "Si4+ 0.4697 0 1/3",
        "O2- 0.4135 0.2669 0.2145",
    ),
    prototype(
        "cristobalite",
        "",
        "tP12",
        "92",
        tetragonal(4.971, 6.928),
        "Si4+ 0.3003 0.3003 0",
        "O2- 0.2392 0.1044 0.1787",
    ),
    prototype(
        "ideal cristobalite",
        "C9",
        "cF24",
        "227",
        cubic(7.16),
        "Si4+ 0 0 0",
        "O2- 1/8 1/8 1/8",
    ),
    prototype(
        "marcasite",
        "C18",
        "oP6",
        "58",
        orthorhombic(4.436, 5.414, 3.381),
        "Fe2+ 0 0 0",
        "S1- 0.200 0.378 0",
    ),
    prototype(
        "CdCl2", "C19", "hR3", "166", hexagonal(3.846, 17.493), "Cd2+ 0 0 0", "Cl1- 0 0 0.2522"
    ),
    prototype(
        "cotunnite",
        "C23",
        "oP12",
        "62",
        orthorhombic(5.58, 3.33, 6.50),
        "Zr4+ 0.246 1/4 0.110",
        "O2- 0.360 1/4 0.425",
        "O2- 0.025 3/4 0.339",
    ),
    prototype(
        "CaCl2",
        "C35",
        "oP6",
        "58",
        orthorhombic(6.259, 6.444, 4.170),
        "Ca2+ 0 0 0",
        "Cl1- 0.275 0.325 0",
    ),
    prototype(
        "baddeleyite",
        "C43",
        "mP12",
        "14",
        monoclinic(5.1505, 5.2116, 5.3173, 99.23),
        "Zr4+ 0.2754 0.0395 0.2083",
        "O2- 0.0700 0.3317 0.3447",
        "O2- 0.4496 0.7569 0.4792",
    ),
    prototype(
        "tetragonal zirconia",
        "",
        "tP6",
        "137",
        tetragonal(3.64, 5.27),
        "Zr4+ 0 0 0",
        "O2- 0 1/2 0.185",
    ),
    prototype(
        "alpha-PbO2",
        "",
        "oP12",
        "60",
        orthorhombic(4.541, 5.493, 4.906),
        "Ti4+ 0 0.170 1/4",
        "O2- 0.272 0.381 0.414",
    ),
    prototype(
        "ramsdellite",
        "",
        "oP12",
        "62:cab",
        orthorhombic(4.533, 9.27, 2.866),
        "Mn4+ 0.022 0.136 1/4",
        "O2- 0.17 -0.23 1/4",
        "O2- -0.21 -0.033 1/4",
    ),
    prototype(
        "hollandite",
        "",
        "tI24",
        "87",
        tetragonal(10.317, 2.980),
        "Ti4+ 0.3491 0.1659 0",
        "O2- 0.1583 0.2078 0",
        "O2- 0.5383 0.1649 0",
    ),
    prototype(
        "TiO2(B)",
        "",
        "mC24",
        "12",
        monoclinic(12.179, 3.741, 6.525, 107.05),
        "Ti4+ 0.3036 0 0.7122",
        "Ti4+ 0.3998 0 0.2918",
        "O2- 0.3622 0 0.9951",
        "O2- 0.2378 0 0.3461",
        "O2- 0.4390 0 0.6421",
        "O2- 0.1270 0 0.6899",
    ),
    prototype(
        "VO2(M1)",
        "",
        "mP12",
        "14",
        monoclinic(5.7517, 4.5378, 5.3825, 122.646),
        "V4+ 0.23947 0.97894 0.02646",
        "O2- 0.10616 0.21185 0.20859",
        "O2- 0.40051 0.70258 0.29884",
    ),
)

ABX2 = (
    prototype(
        "delafossite",
        "",
        "hR4",
        "166",
        hexagonal(3.035, 17.166),
        "Cu1+ 0 0 0",
        "Fe3+ 0 0 1/2",
        "O2- 0 0 0.1066",
    ),
    prototype(
        "LiCoO2",
        "",
        "hR4",
        "166",
        hexagonal(2.816, 14.08),
        "Li1+ 0 0 0",
        "Co3+ 0 0 1/2",
        "O2- 0 0 0.2395",
    ),
    prototype(
        "chalcopyrite",
        "E1_1",
        "tI16",
        "122",
        tetragonal(5.289, 10.423),
        "Cu1+ 0 0 0",
        "Fe3+ 0 0 1/2",
        "S2- 0.2574 1/4 1/8",
    ),
    prototype(
        "CaCuO2",
        "",
        "tP4",
        "123",
        tetragonal(3.856, 3.181),
        "Ca2+ 1/2 1/2 1/2",
        "Cu2+ 0 0 0",
        "O2- 1/2 0 0",
    ),
)
