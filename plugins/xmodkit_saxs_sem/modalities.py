"""The modalities of the pair, the model's own image and q grid, and what is predicted besides."""

from __future__ import annotations

import numpy as np

from xmodkit.modality import Axis, Field, Modality

__all__ = [
    "AREA_FRACTION",
    "ENSEMBLE",
    "FIELD_NM",
    "LATENT",
    "LINEAL_PATHS",
    "LOG_INTENSITY",
    "MEMBERS",
    "PHI",
    "PIXEL_NM",
    "PROBABILITY",
    "Q_GRID",
    "Q_STEP",
    "R_NM",
    "SAXS",
    "SEM",
    "SEM_PIXEL_NM",
    "SIZE",
    "STATISTICS",
    "TWO_POINT",
]

# A predicted image: 384 nm in 96 pixels. The paper's crops are 192 pixels of a micrograph; those
# of simulated micrographs measure 2 nm, so that a crop of 192 of them shows the same field.
SIZE = 96
PIXEL_NM = 4.0
SEM_PIXEL_NM = 2.0
FIELD_NM = SIZE * PIXEL_NM

# The q grid of the models: the reciprocal lattice of that image, zero in the middle (place 48).
# Rows run down as in an image: +qy, which points up, is at the top.
Q_STEP = 2 * np.pi / FIELD_NM  # 1/nm
Q_GRID = Q_STEP * (np.arange(SIZE) - SIZE // 2)

# Bins of S(r) and lengths of lineal paths, in pixels of the predicted image times its pixel.
R_NM = PIXEL_NM * np.arange(SIZE // 2)

MEMBERS = 40  # of an ensemble, unless --n says otherwise

SAXS = Modality(
    "saxs",
    (
        Field(
            "intensity",
            (Axis("row"), Axis("column")),
            unit="1",
            long_name="scattered intensity in transmission, arbitrary scale",
            fill=0,
        ),
        Field(
            "mask",
            (Axis("row"), Axis("column")),
            dtype="uint8",
            valid_range=(0, 1),
            fill=0,
            long_name="1 where measured; 0 at gaps, beam stop and dead pixels",
        ),
        Field(
            "qx",
            (Axis("row"), Axis("column")),
            unit="1/nm",
            fill=0,
            long_name="scattering vector, to the right",
            note="zero everywhere, with qy: not known",
        ),
        Field(
            "qy",
            (Axis("row"), Axis("column")),
            unit="1/nm",
            fill=0,
            long_name="scattering vector, upwards",
        ),
    ),
)

SEM = Modality(
    "sem",
    (
        Field(
            "micrograph",
            (Axis("y"), Axis("x")),
            dtype="uint8",
            valid_range=(0, 255),
            fill=0,
            long_name="electron micrograph; predicted: 255 in the bright phase, 0 in the dark one",
        ),
        Field("pixel_nm", unit="nm", long_name="size of a pixel"),
    ),
)

# How long it is belongs to the model that makes it.
LATENT = Modality(
    "latent", (Field("latent", (Axis("latent"),), unit="1", long_name="latent vector"),)
)

# A further input of saxs:sem: SAXS cannot tell the bright phase's share from the dark one's.
PHI = Field(
    "phi",
    unit="1",
    valid_range=(0, 1),
    long_name="area fraction of the bright phase, 0 if not known",
)

# What models predict of a target beside its fields.
PROBABILITY = Field(
    "probability",
    (Axis("y"), Axis("x")),
    unit="1",
    long_name="probability of the bright phase in the image shown",
)
ENSEMBLE = Field(
    "ensemble",
    (Axis("member"), Axis("y"), Axis("x")),
    dtype="uint8",
    fill=0,
    long_name="plausible images of the same sample, 255 in the bright phase",
)
_R = Axis("r", len(R_NM), "nm", tuple(float(r) for r in R_NM))
TWO_POINT = Field(
    "two_point", (_R,), unit="1", long_name="two-point correlation S(r) of the bright phase"
)
_LENGTH = Axis("length", len(R_NM), "nm", tuple(float(r) for r in R_NM))
LINEAL_PATHS = tuple(
    Field(
        f"lineal_path_{way}",
        (_LENGTH,),
        unit="1",
        long_name=f"share of {way} segments that lie in the bright phase",
    )
    for way in ("vertical", "horizontal")
)
STATISTICS = (TWO_POINT, *LINEAL_PATHS)
AREA_FRACTION = "area_fraction"
LOG_INTENSITY = Field(
    "log_intensity",
    (Axis("row"), Axis("column")),
    unit="1",
    long_name="log10 of the intensity over its mean",
)
