"""The modalities of the pair: a scanner image and an absorption spectrum."""

from __future__ import annotations

import numpy as np

from xmodkit.modality import Axis, Field, Modality

__all__ = ["ABSORPTION", "ENERGY_EV", "GAP_FIELDS", "GAP_WINDOW_EV", "SCAN", "VISIBLE_FROM_EV"]

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
