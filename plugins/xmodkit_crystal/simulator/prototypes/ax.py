"""Structure types AX."""

from __future__ import annotations

from xmodkit_crystal.simulator.prototypes.prototype import (
    cubic,
    hexagonal,
    monoclinic,
    orthorhombic,
    prototype,
    tetragonal,
)

__all__ = ["AX"]

AX = (
    prototype("rocksalt", "B1", "cF8", "225", cubic(5.640), "Na1+ 0 0 0", "Cl1- 1/2 1/2 1/2"),
    prototype("CsCl", "B2", "cP2", "221", cubic(4.123), "Cs1+ 0 0 0", "Cl1- 1/2 1/2 1/2"),
    prototype("zincblende", "B3", "cF8", "216", cubic(5.409), "Zn2+ 0 0 0", "S2- 1/4 1/4 1/4"),
    prototype(
        "wurtzite",
        "B4",
        "hP4",
        "186",
        hexagonal(3.823, 6.261),
        "Zn2+ 1/3 2/3 0",
        "S2- 1/3 2/3 0.3748",
    ),
    prototype(
        "NiAs",
        "B8_1",
        "hP4",
        "194",
        hexagonal(3.619, 5.034),
        "Ni3+ 0 0 0",
        "As3- 1/3 2/3 1/4",
    ),
    prototype(
        "litharge",
        "B10",
        "tP4",
        "129",
        tetragonal(3.973, 5.022),
        "Pb2+ 0 1/2 0.2385",
        "O2- 0 0 0",
    ),
    prototype(
        "massicot",
        "",
        "oP8",
        "57",
        orthorhombic(5.893, 5.490, 4.753),
        "Pb2+ 0.2297 -0.0116 1/4",
        "O2- -0.1347 0.0917 1/4",
    ),
    prototype(
        "cooperite", "B17", "tP4", "131", tetragonal(3.47, 6.11), "Pt2+ 0 1/2 0", "S2- 0 0 1/4"
    ),
    prototype(
        "tenorite",
        "B26",
        "mC8",
        "15",
        monoclinic(4.684, 3.423, 5.129, 99.54),
        "Cu2+ 1/4 1/4 0",
        "O2- 0 0.4184 1/4",
    ),
    prototype(
        "MnP",
        "B31",
        "oP8",
        "62",
        orthorhombic(5.258, 3.172, 5.918),
        "Mn3+ 0.0049 1/4 0.1965",
        "P3- 0.1878 1/4 0.5686",
    ),
    prototype(
        "TlI",
        "B33",
        "oC8",
        "63",
        orthorhombic(4.57, 12.92, 5.24),
        "Tl1+ 0 0.392 1/4",
        "I1- 0 0.133 1/4",
    ),
    prototype("NbO", "", "cP6", "221", cubic(4.210), "Nb2+ 0 1/2 1/2", "O2- 1/2 0 0"),
    prototype("WC", "B_h", "hP2", "187", hexagonal(2.906, 2.837), "W4+ 0 0 0", "C4- 1/3 2/3 1/2"),
    prototype(
        "beta-BeO",
        "",
        "tP8",
        "136",
        tetragonal(4.75, 2.74),
        "Be2+ 0.336 0.664 0",
        "O2- 0.310 0.310 0",
    ),
    prototype(
        "cinnabar",
        "B9",
        "hP6",
        "152",
        hexagonal(4.149, 9.495),
        "Hg2+ 0.7198 0 1/3",
        "S2- 0.4889 0 5/6",
    ),
)
