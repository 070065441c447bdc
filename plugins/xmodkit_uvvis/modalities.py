"""The modalities of the pair: scanner image, absorption spectrum, reflectance and latent."""

from __future__ import annotations

import numpy as np

from xmodkit.modality import Axis, Field, Modality

__all__ = [
    "ABSORPTION",
    "ENERGY_EV",
    "GAP_FIELDS",
    "GAP_WINDOW_EV",
    "LATENT",
    "REFLECTANCE",
    "SCAN",
    "VISIBLE_FROM_EV",
]

# The published grid: 220 energies (Stein et al. 2019).
ENERGY_EV = np.linspace(1.31, 3.1, 220)

# Below this energy (above 700 nm) no RGB sensor sees: the spectrum there is inferred.
VISIBLE_FROM_EV = 1.77

# Gaps outside the window are censored: the edge must lie well inside the measured energies.
GAP_WINDOW_EV = (1.40, 2.95)

SCAN = Modality(
    "scan",
    (
        Field(
            "scan",
            (Axis("y"), Axis("x"), Axis("channel", 3)),
            dtype="uint8",
            valid_range=(0, 255),
            fill=0,
            long_name="scanner image, sRGB",
        ),
    ),
)

# How long it is belongs to the model that makes it.
LATENT = Modality(
    "latent",
    (Field("latent", (Axis("latent"),), unit="1", long_name="latent vector"),),
)

ABSORPTION = Modality(
    "absorption",
    (
        Field(
            "absorption",
            (Axis("energy", len(ENERGY_EV), "eV", tuple(float(e) for e in ENERGY_EV)),),
            unit="1",
            long_name="absorption coefficient x thickness",
            note=f"below {VISIBLE_FROM_EV} eV inferred: no RGB sensor sees there",
        ),
    ),
)

# Each set of spectra has wavelengths of its own, which its samples bring along.
REFLECTANCE = Modality(
    "reflectance",
    (
        Field(
            "reflectance",
            (Axis("wavelength", unit="nm"),),
            unit="1",
            valid_range=(0, 2),
            long_name="diffuse reflectance, perfect white is 1",
        ),
    ),
)

GAP_FIELDS = (
    Field(
        "band_gap",
        unit="eV",
        valid_range=GAP_WINDOW_EV,
        long_name="direct band gap (Tauc, allowed direct transition assumed)",
    ),
    Field(
        "band_gap_indirect",
        unit="eV",
        valid_range=GAP_WINDOW_EV,
        long_name="indirect band gap (Tauc, allowed indirect transition assumed)",
    ),
)
