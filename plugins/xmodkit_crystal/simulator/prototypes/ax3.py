"""Structure types A2X3 and AX3, and ABX3, which are A2X3 once A and B are one element."""

from __future__ import annotations

from xmodkit_crystal.simulator.prototypes.prototype import (
    cubic,
    hexagonal,
    monoclinic,
    orthorhombic,
    prototype,
    tetragonal,
)

__all__ = ["A2X3", "ABX3", "AX3"]

A2X3 = (
    prototype(
        "corundum",
        "D5_1",
        "hR10",
        "167",
        hexagonal(4.7607, 12.9947),
        "Al3+ 0 0 0.3522",
        "O2- 0.3063 0 1/4",
    ),
    prototype(
        "A-La2O3",
        "D5_2",
        "hP5",
        "164",
        hexagonal(3.937, 6.130),
        "La3+ 1/3 2/3 0.2467",
        "O2- 1/3 2/3 0.6470",
        "O2- 0 0 0",
    ),
    prototype(
        "tetradymite",
        "C33",
        "hR5",
        "166",
        hexagonal(4.386, 30.50),
        "Bi3+ 0 0 0.400",
        "Te2- 0 0 0",
        "Te2- 0 0 0.2095",
    ),
    prototype(
        "V2O3(M)",
        "",
        "mI20",
        "15:b3",
        monoclinic(7.255, 5.002, 5.548, 96.75),
        "V3+ 0.3438 0.0008 0.2985",
        "O2- 0.407 0.845 0.652",
        "O2- 1/4 0.180 0",
    ),
)

AX3 = (
    prototype("ReO3", "D0_9", "cP4", "221", cubic(3.751), "Re6+ 0 0 0", "O2- 1/2 0 0"),
    prototype(
        "BiF3",
        "D0_3",
        "cF16",
        "225",
        cubic(5.861),
        "Bi3+ 0 0 0",
        "F1- 1/2 1/2 1/2",
        "F1- 1/4 1/4 1/4",
    ),
    prototype(
        "VF3", "D0_12", "hR8", "167", hexagonal(5.177, 13.20), "V3+ 0 0 0", "F1- 0.605 0 1/4"
    ),
    prototype(
        "BiI3",
        "D0_5",
        "hR8",
        "148",
        hexagonal(7.516, 20.718),
        "Bi3+ 0 0 0.1667",
        "I1- 0.3415 0.3395 0.0805",
    ),
)

ABX3 = (
    prototype(
        "perovskite",
        "E2_1",
        "cP5",
        "221",
        cubic(3.905),
        "Sr2+ 1/2 1/2 1/2",
        "Ti4+ 0 0 0",
        "O2- 1/2 0 0",
    ),
    prototype(
        "tetragonal perovskite",
        "",
        "tP5",
        "99",
        tetragonal(3.904, 4.152),
        "Pb2+ 0 0 0",
        "Ti4+ 1/2 1/2 0.539",
        "O2- 1/2 1/2 0.1138",
        "O2- 1/2 0 0.6169",
    ),
    prototype(
        "rhombohedral perovskite",
        "",
        "hR10",
        "167",
        hexagonal(5.365, 13.11),
        "La3+ 0 0 1/4",
        "Al3+ 0 0 0",
        "O2- 0.525 0 1/4",
    ),
    prototype(
        "orthorhombic perovskite",
        "",
        "oP20",
        "62:cab",
        orthorhombic(5.3789, 5.4361, 7.6388),
        "Ca2+ -0.0065 0.0356 1/4",
        "Ti4+ 0 1/2 0",
        "O2- 0.0714 0.4838 1/4",
        "O2- 0.7108 0.2888 0.0371",
    ),
    prototype(
        "hexagonal perovskite",
        "",
        "hP10",
        "194",
        hexagonal(5.632, 4.816),
        "Ba2+ 1/3 2/3 3/4",
        "Ni4+ 0 0 0",
        "O2- 0.1462 0.2924 1/4",
    ),
    prototype(
        "post-perovskite",
        "",
        "oC20",
        "63",
        orthorhombic(3.145, 9.862, 7.297),
        "Ca2+ 0 0.2498 1/4",
        "Ir4+ 0 0 0",
        "O2- 0 0.9331 1/4",
        "O2- 0 0.6331 0.4488",
    ),
    prototype(
        "ilmenite",
        "",
        "hR10",
        "148",
        hexagonal(5.0884, 14.0855),
        "Fe2+ 0 0 0.35537",
        "Ti4+ 0 0 0.14640",
        "O2- 0.31743 0.02332 0.24506",
    ),
    prototype(
        "LiNbO3",
        "",
        "hR10",
        "161",
        hexagonal(5.1483, 13.8631),
        "Li1+ 0 0 0.2790",
        "Nb5+ 0 0 0",
        "O2- 0.0476 0.3433 0.0633",
    ),
)
